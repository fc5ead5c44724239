/* A load generator and a bare subscriber for MQTT 5 over plain TCP, one thread, epoll.
 *
 *   mqload pub --port P --connections 1000 --window 10 --messages 100 --topic T --payload B
 *     Opens the connections and prints "ready". At the first byte on stdin every connection publishes its messages
 *     with QoS 1, at most `window` of them unacknowledged, and one JSON line says how it went.
 *     In T and B, %d is the connection's index, %n the message's number from 1, %t UTC milliseconds, %% a per cent sign.
 *
 *   mqload sub --port P --filter F --messages N [--idle-ms 5000]
 *     Subscribes with QoS 1 and prints "ready". Acknowledges and forgets; one JSON line after N messages, or when
 *     none has come for `idle-ms` since the last.
 *
 * "at_ns" is CLOCK_MONOTONIC at the last message, which processes of one machine share.
 * Packets: MQTT Version 5.0, OASIS Standard, section 3; numbers in brackets are its sections.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { CONNECT = 0x10, CONNACK = 0x20, PUBLISH_QOS1 = 0x32, PUBACK = 0x40, SUBSCRIBE = 0x82, SUBACK = 0x90,
       DISCONNECT = 0xE0 };
enum { RECEIVE_MAXIMUM = 0x21, REFUSED = 0x80, PACKET_MAX = 300000 };

typedef struct {
    uint8_t *data;
    size_t from, to, room;
} Buffer;

typedef struct {
    int fd, index;
    bool is_ready, wants_write;
    uint32_t window, in_flight;
    uint64_t sent, acked;
    Buffer in, out;
} Connection;

static struct {
    const char *host, *topic, *payload, *filter;
    int port, connections;
    uint32_t window;
    uint64_t messages, idle_ms;
} options = {.host = "127.0.0.1", .connections = 1, .window = 10, .messages = 1000, .idle_ms = 5000,
             .topic = "load/%d", .payload = "%n", .filter = "load/#"};

static int poller;
static bool is_publisher, is_going;
static int ready_count;
static uint64_t total_sent, total_acked, total_refused, total_received, total_again, began_ns, last_ns;

static void die(const char *what) {
    fprintf(stderr, "mqload: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
    exit(1);
}

static uint64_t now_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- bytes ------------------------------------------------------------------------------------------------------ */

/* Return room for `more` bytes at the end of `buffer`. */
static uint8_t *reserve(Buffer *buffer, size_t more) {
    if (buffer->from == buffer->to) buffer->from = buffer->to = 0;
    if (buffer->to + more > buffer->room && buffer->from > 0) {
        memmove(buffer->data, buffer->data + buffer->from, buffer->to - buffer->from);
        buffer->to -= buffer->from;
        buffer->from = 0;
    }
    if (buffer->to + more > buffer->room) {
        buffer->room = (buffer->to + more) * 2;
        buffer->data = realloc(buffer->data, buffer->room);
        if (!buffer->data) die("no memory");
    }
    return buffer->data + buffer->to;
}

static void put(Buffer *buffer, const void *bytes, size_t size) {
    memcpy(reserve(buffer, size), bytes, size);
    buffer->to += size;
}

static void put_u8(Buffer *buffer, unsigned value) { put(buffer, &(uint8_t){(uint8_t)value}, 1); }

static void put_u16(Buffer *buffer, unsigned value) {
    put(buffer, (uint8_t[]){(uint8_t)(value >> 8), (uint8_t)value}, 2);
}

/* Variable Byte Integer (1.5.5). */
static void put_length(Buffer *buffer, size_t value) {
    do {
        put_u8(buffer, (unsigned)(value % 128) | (value >= 128 ? 0x80 : 0));
        value /= 128;
    } while (value);
}

static void put_string(Buffer *buffer, const char *text, size_t size) {
    put_u16(buffer, (unsigned)size);
    put(buffer, text, size);
}

static unsigned u16(const uint8_t *at) { return (unsigned)at[0] << 8 | at[1]; }

/* Read a Variable Byte Integer; returns the bytes it took, 0 when more are needed. */
static size_t get_length(const uint8_t *at, size_t available, size_t *value) {
    *value = 0;
    for (size_t used = 0; used < 4 && used < available; used++) {
        *value |= (size_t)(at[used] & 0x7F) << (7 * used);
        if (!(at[used] & 0x80)) return used + 1;
    }
    if (available >= 4) die("the broker sent a malformed length");
    return 0;
}

/* Write `number` in decimal into `out`, which has room for 20 characters; returns the size. */
static size_t decimal(char *out, uint64_t number) {
    char digits[20];
    size_t size = 0;
    do digits[size++] = (char)('0' + number % 10);
    while (number /= 10);
    for (size_t i = 0; i < size; i++) out[i] = digits[size - 1 - i];
    return size;
}

/* Write `format` with its marks replaced into `out`; returns the size. */
static size_t expand(char *out, size_t room, const char *format, int index, uint64_t number) {
    size_t size = 0;
    for (const char *at = format; *at;) {
        size_t plain = strcspn(at, "%");
        errno = 0;
        if (size + plain + 20 > room) die("a topic or payload is too long");
        memcpy(out + size, at, plain);
        size += plain;
        at += plain;
        if (!*at) break;
        switch (at[1]) {
        case 'd': size += decimal(out + size, (uint64_t)index); break;
        case 'n': size += decimal(out + size, number); break;
        case 't': size += decimal(out + size, now_ns(CLOCK_REALTIME) / 1000000u); break;
        case '%': out[size++] = '%'; break;
        default: die("in a topic or payload, % must be followed by d, n, t or %");
        }
        at += 2;
    }
    return size;
}

/* ---- packets out ------------------------------------------------------------------------------------------------ */

/* CONNECT with a clean start and no keep-alive (3.1). */
static void say_connect(Connection *each) {
    char id[64];
    int size = snprintf(id, sizeof id, "mqload-%s-%d-%d", is_publisher ? "pub" : "sub", (int)getpid(), each->index);
    put_u8(&each->out, CONNECT);
    put_length(&each->out, 10 + 1 + 3 + 2 + (size_t)size);
    put_string(&each->out, "MQTT", 4);
    put_u8(&each->out, 5);
    put_u8(&each->out, 0x02);
    put_u16(&each->out, 0);
    put_length(&each->out, 3);
    put_u8(&each->out, RECEIVE_MAXIMUM);
    put_u16(&each->out, 65535);
    put_string(&each->out, id, (size_t)size);
}

/* SUBSCRIBE with QoS 1, packet identifier 1 (3.8). */
static void say_subscribe(Connection *each) {
    size_t size = strlen(options.filter);
    put_u8(&each->out, SUBSCRIBE);
    put_length(&each->out, 2 + 1 + 2 + size + 1);
    put_u16(&each->out, 1);
    put_length(&each->out, 0);
    put_string(&each->out, options.filter, size);
    put_u8(&each->out, 1);
}

/* PUBLISH with QoS 1; identifiers go round 1 … 65535, and acknowledgements come in order (3.3, 4.6). */
static void say_publish(Connection *each) {
    static char topic[1024], payload[PACKET_MAX];
    uint64_t number = ++each->sent;
    size_t topic_size = expand(topic, sizeof topic, options.topic, each->index, number);
    size_t payload_size = expand(payload, sizeof payload, options.payload, each->index, number);
    put_u8(&each->out, PUBLISH_QOS1);
    put_length(&each->out, 2 + topic_size + 2 + 1 + payload_size);
    put_string(&each->out, topic, topic_size);
    put_u16(&each->out, (unsigned)((number - 1) % 65535 + 1));
    put_length(&each->out, 0);
    put(&each->out, payload, payload_size);
    each->in_flight++;
    total_sent++;
}

static void fill_window(Connection *each) {
    while (is_going && each->in_flight < each->window && each->sent < options.messages) say_publish(each);
}

static void flush(Connection *each) {
    while (each->out.from < each->out.to) {
        ssize_t written = write(each->fd, each->out.data + each->out.from, each->out.to - each->out.from);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno != EAGAIN) die("write");
        if (written < 0) break;
        each->out.from += (size_t)written;
    }
    bool wants_write = each->out.from < each->out.to;
    if (wants_write == each->wants_write) return;
    each->wants_write = wants_write;
    struct epoll_event event = {.events = EPOLLIN | (wants_write ? (uint32_t)EPOLLOUT : 0), .data.ptr = each};
    if (epoll_ctl(poller, EPOLL_CTL_MOD, each->fd, &event)) die("epoll_ctl");
}

/* ---- packets in ------------------------------------------------------------------------------------------------- */

/* Return how many bytes the value of a property takes (2.2.2.2); only those that a CONNACK may carry. */
static size_t property_size(uint8_t id, const uint8_t *value, size_t available) {
    switch (id) {
    case 0x24: case 0x25: case 0x28: case 0x29: case 0x2A: return 1;
    case 0x13: case RECEIVE_MAXIMUM: case 0x22: return 2;
    case 0x11: case 0x27: return 4;
    case 0x12: case 0x15: case 0x16: case 0x1A: case 0x1C: case 0x1F:
        return available < 2 ? available + 1 : 2 + u16(value);
    case 0x26: {
        size_t name = available < 2 ? available + 1 : 2 + u16(value);
        return name + 2 > available ? available + 1 : name + 2 + u16(value + name);
    }
    default: return available + 1;
    }
}

/* CONNACK (3.2): the broker's Receive Maximum bounds our window. */
static void hear_connack(Connection *each, const uint8_t *body, size_t size) {
    size_t total, at = 2;
    errno = 0;
    if (size < 3) die("the broker sent a short CONNACK");
    if (body[1] != 0) {
        fprintf(stderr, "mqload: connection %d refused, reason 0x%02x\n", each->index, body[1]);
        exit(1);
    }
    at += get_length(body + at, size - at, &total);
    if (at + total > size) die("the broker sent a malformed CONNACK");
    for (size_t end = at + total; at < end;) {
        uint8_t id = body[at++];
        size_t length = property_size(id, body + at, end - at);
        if (at + length > end) die("the broker sent a property that a CONNACK may not carry");
        if (id == RECEIVE_MAXIMUM && u16(body + at) < each->window) each->window = u16(body + at);
        at += length;
    }
    if (is_publisher) {
        each->is_ready = true;
        ready_count++;
    } else {
        say_subscribe(each);
    }
}

static void hear(Connection *each, uint8_t head, const uint8_t *body, size_t size) {
    errno = 0;
    switch (head & 0xF0) {
    case CONNACK:
        hear_connack(each, body, size);
        return;
    case SUBACK:
        if (size < 4 || body[size - 1] >= REFUSED) die("the broker refused the subscription");
        each->is_ready = true;
        ready_count++;
        return;
    case PUBACK:
        each->in_flight--;
        each->acked++;
        total_acked++;
        if (size > 2 && body[2] >= REFUSED) total_refused++;
        fill_window(each);
        return;
    case PUBLISH_QOS1 & 0xF0: {
        if (size < 4 || !(head & 0x06)) die("the broker sent a message that is not QoS 1");
        unsigned topic_size = u16(body);
        if (2u + topic_size + 2u > size) die("the broker sent a malformed PUBLISH");
        total_received++;
        if (head & 0x08) total_again++;
        put(&each->out, (uint8_t[]){PUBACK, 2, body[2 + topic_size], body[3 + topic_size]}, 4);
        return;
    }
    case DISCONNECT:
        fprintf(stderr, "mqload: the broker disconnected us, reason 0x%02x\n", size ? body[0] : 0);
        exit(1);
    default:
        die("the broker sent a packet that nobody asked for");
    }
}

/* Read what is there, answer each whole packet, and write the answers at once. */
static void serve(Connection *each) {
    size_t room = is_publisher ? 4096 : 262144;
    ssize_t got = read(each->fd, reserve(&each->in, room), room);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) die("the broker closed a connection");
    each->in.to += (size_t)got;
    for (;;) {
        const uint8_t *at = each->in.data + each->in.from;
        size_t available = each->in.to - each->in.from, size, used;
        if (available < 2 || !(used = get_length(at + 1, available - 1, &size))) break;
        if (available < 1 + used + size) break;
        hear(each, at[0], at + 1 + used, size);
        each->in.from += 1 + used + size;
    }
}

/* ---- running ---------------------------------------------------------------------------------------------------- */

static void open_connection(Connection *each, int index) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
    int one = 1;
    errno = 0;
    if (inet_pton(AF_INET, options.host, &address.sin_addr) != 1) die("--host must be an IPv4 address");
    *each = (Connection){.fd = socket(AF_INET, SOCK_STREAM, 0), .index = index, .window = options.window};
    if (each->fd < 0) die("socket");
    if (connect(each->fd, (struct sockaddr *)&address, sizeof address)) die("connect");
    setsockopt(each->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(each->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = each};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, each->fd, &event)) die("epoll_ctl");
    say_connect(each);
    flush(each);
}

/* Serve whatever is ready within `wait_ms`; returns how many connections were. */
static int turn(int wait_ms) {
    struct epoll_event events[512];
    int count = epoll_wait(poller, events, 512, wait_ms);
    if (count < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < count; i++) {
        Connection *each = events[i].data.ptr;
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) serve(each);
        flush(each);
    }
    return count;
}

static void wait_until_ready(void) {
    uint64_t deadline = now_ns(CLOCK_MONOTONIC) + 60000000000u;
    while (ready_count < options.connections) {
        turn(100);
        errno = 0;
        if (now_ns(CLOCK_MONOTONIC) > deadline) die("not all connections are ready after 60 s");
    }
    puts("ready");
    fflush(stdout);
}

static void report(uint64_t count) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    double cpu_s = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                   (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    double seconds = last_ns > began_ns ? (double)(last_ns - began_ns) / 1e9 : 0;
    printf("{\"messages\":%llu,\"sent\":%llu,\"acked\":%llu,\"refused\":%llu,\"again\":%llu,\"began_ns\":%llu,"
           "\"at_ns\":%llu,\"seconds\":%.6f,\"per_second\":%.1f,\"cpu_s\":%.3f}\n",
           (unsigned long long)count, (unsigned long long)total_sent, (unsigned long long)total_acked,
           (unsigned long long)total_refused, (unsigned long long)total_again, (unsigned long long)began_ns,
           (unsigned long long)last_ns, seconds, seconds > 0 ? (double)count / seconds : 0, cpu_s);
}

static void run_publisher(Connection *all) {
    uint64_t wanted = options.messages * (uint64_t)options.connections, heard = 0;
    char go;
    wait_until_ready();
    if (read(STDIN_FILENO, &go, 1) < 0) die("stdin");
    is_going = true;
    began_ns = now_ns(CLOCK_MONOTONIC);
    for (int i = 0; i < options.connections; i++) {
        fill_window(&all[i]);
        flush(&all[i]);
    }
    uint64_t quiet_since = began_ns;
    while (total_acked < wanted) {
        turn(100);
        uint64_t now = now_ns(CLOCK_MONOTONIC);
        if (total_acked > heard) {
            heard = total_acked;
            quiet_since = now;
        } else if (now - quiet_since > options.idle_ms * 1000000u) {
            break;
        }
    }
    last_ns = now_ns(CLOCK_MONOTONIC);
    report(total_acked);
}

static void run_subscriber(void) {
    uint64_t heard = 0, quiet_since;
    wait_until_ready();
    while (total_received == 0) turn(1000);
    began_ns = last_ns = quiet_since = now_ns(CLOCK_MONOTONIC);
    while (total_received < options.messages) {
        turn(100);
        uint64_t now = now_ns(CLOCK_MONOTONIC);
        if (total_received > heard) {
            heard = total_received;
            quiet_since = last_ns = now;
        } else if (now - quiet_since > options.idle_ms * 1000000u) {
            break;
        }
    }
    report(total_received);
}

int main(int count, char **words) {
    errno = 0;
    if (count < 2 || (strcmp(words[1], "pub") && strcmp(words[1], "sub"))) die("usage: mqload pub|sub --port P …");
    is_publisher = !strcmp(words[1], "pub");
    for (int i = 2; i + 1 < count; i += 2) {
        const char *name = words[i], *value = words[i + 1];
        if (!strcmp(name, "--host")) options.host = value;
        else if (!strcmp(name, "--port")) options.port = atoi(value);
        else if (!strcmp(name, "--connections")) options.connections = atoi(value);
        else if (!strcmp(name, "--window")) options.window = (uint32_t)strtoul(value, NULL, 10);
        else if (!strcmp(name, "--messages")) options.messages = strtoull(value, NULL, 10);
        else if (!strcmp(name, "--topic")) options.topic = value;
        else if (!strcmp(name, "--payload")) options.payload = value;
        else if (!strcmp(name, "--filter")) options.filter = value;
        else if (!strcmp(name, "--idle-ms")) options.idle_ms = strtoull(value, NULL, 10);
        else die("unknown option");
    }
    if (options.port <= 0 || options.connections <= 0 || !options.window) die("--port, --connections, --window: 1 or more");
    if (!is_publisher) options.connections = 1;

    struct rlimit files = {.rlim_cur = (rlim_t)options.connections + 64, .rlim_max = (rlim_t)options.connections + 64};
    struct rlimit allowed;
    if (!getrlimit(RLIMIT_NOFILE, &allowed) && allowed.rlim_cur < files.rlim_cur) {
        files.rlim_max = allowed.rlim_max > files.rlim_cur ? allowed.rlim_max : files.rlim_cur;
        if (setrlimit(RLIMIT_NOFILE, &files)) die("not enough open files allowed");
    }
    poller = epoll_create1(EPOLL_CLOEXEC);
    Connection *all = calloc((size_t)options.connections, sizeof *all);
    if (poller < 0 || !all) die("start");
    for (int i = 0; i < options.connections; i++) {
        open_connection(&all[i], i);
        turn(0);
    }
    if (is_publisher) run_publisher(all);
    else run_subscriber();
    for (int i = 0; i < options.connections; i++) {
        put(&all[i].out, (uint8_t[]){DISCONNECT, 0}, 2);
        flush(&all[i]);
        close(all[i].fd);
    }
    return 0;
}
