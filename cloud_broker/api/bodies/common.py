"""What bodies are made of. Money is integer minor units, times are UTC milliseconds."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", examples=["cart-1"])]
Gtin = Annotated[str, Field(pattern=r"^[0-9]{14}$", examples=["06901234567892"])]
TimeMs = Annotated[int, Field(ge=0, le=32_503_680_000_000, examples=[1_795_410_000_000])]
Names = Annotated[dict[str, str], Field(examples=[{"en": "Fresh milk", "zh": "鲜牛奶"}])]


class In(BaseModel):
    """What people send: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Out(BaseModel):
    """What we answer."""

    model_config = ConfigDict(extra="allow")
