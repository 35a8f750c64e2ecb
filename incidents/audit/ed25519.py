"""Whether an Ed25519 signature holds, also where nothing but Python is at hand.

What we prove is checked years later, by others, on machines of theirs: there the package
`cryptography` may be missing. Then it is done by the letter of the RFC, some thirty times as slow.
Nothing here is secret, so how long it takes tells nobody anything.

Source  https://www.rfc-editor.org/rfc/rfc8032, sections 5.1.3, 5.1.4 and 5.1.7
"""

from __future__ import annotations

from hashlib import sha512

_Point = tuple[int, int, int, int]  # X, Y, Z, T: x = X/Z, y = Y/Z, x * y = T/Z

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)


def holds(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the owner of a public key, 32 bytes, signed the message."""
    try:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415  may be missing
        from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415
    except ImportError:
        return holds_by_hand(key, signature, message)
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def holds_by_hand(key: bytes, signature: bytes, message: bytes) -> bool:
    """The same, by nothing but arithmetic."""
    nonce, scalar = signature[:32], int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or scalar >= _ORDER:
        return False
    try:
        x, y, z, t = _point(key)
    except ValueError:
        return False
    minus_key = (-x % _P, y, z, -t % _P)
    challenge = int.from_bytes(sha512(nonce + key + message).digest(), "little") % _ORDER
    return _bytes(_sum(_times(scalar, _BASE), _times(challenge, minus_key))) == nonce


def _point(data: bytes) -> _Point:
    """Raises ValueError where the bytes are no point of the curve."""
    number = int.from_bytes(data, "little")
    y, is_odd = number % 2**255, number >> 255
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT_OF_MINUS_ONE % _P
    if len(data) != 32 or y >= _P or (x * x - square) % _P or (is_odd and not x):
        raise ValueError("not a point of the curve")
    if x % 2 != is_odd:
        x = _P - x
    return x, y, 1, x * y % _P


def _bytes(point: _Point) -> bytes:
    inverse = pow(point[2], -1, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | x % 2 << 255).to_bytes(32, "little")


def _sum(one: _Point, other: _Point) -> _Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c = 2 * one[3] * other[3] * _D % _P
    d = 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(number: int, point: _Point) -> _Point:
    result = (0, 1, 1, 0)
    while number:
        if number % 2:
            result = _sum(result, point)
        point = _sum(point, point)
        number //= 2
    return result


_BASE = _point((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))
