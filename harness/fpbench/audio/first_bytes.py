"""Recognises audio files by their first bytes, where the name does not say what they are."""

HEAD_BYTES = 4096
"""As many bytes as :func:`looks_like_audio` needs: two MPEG frames, or three MPEG-TS packets."""

_MAGIC = (
    *(b"fLaC", b"OggS", b"ID3", b"caff", b".snd", b"MAC ", b"wvpk", b"TTA1", b"TTA2", b"MPCK"),
    *(b"MP+", b"#!AMR", b"DSD ", b"FRM8", b".RMF", b".ra\xfd", b"FLV\1", b"tBaK", b"ajkg", b"qoaf"),
    *(
        b"NIST_1A",
        b"Creative Voice File",
        b"TWIN",
        b"QCLM",
        b".SoX",
        b"XoS.",
        b"\x1a\x45\xdf\xa3",
        b"APETAGEX",
    ),
    *(
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
        b"riff\x2e\x91\xcf\x11",
        b"\0\0\1\xba",
        b"\x0b\x77",
        b"\x06\x0e\x2b\x34",
    ),
    *(
        b"\x7f\xfe\x80\x01",
        b"\xfe\x7f\x01\x80",
        b"\x1f\xff\xe8\x00",
        b"\xff\x1f\x00\xe8",
        b"DTSHDHDR",
    ),
)
_FORMS = {b"RIFF": (b"WAVE", b"AVI "), b"FORM": (b"AIFF", b"AIFC", b"8SVX")}
_FORMS |= {b"RIFX": _FORMS[b"RIFF"], b"RF64": _FORMS[b"RIFF"], b"BW64": _FORMS[b"RIFF"]}
_PICTURES = (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis", b"crx ", b"jxl ")
_NOT_CONTROL = bytes({*range(32, 127), *range(128, 256), *b"\t\n\v\f\r\x1b"})

_RATES_HZ = (44_100, 48_000, 32_000)
_KBPS = {  # by version 1 or not, and by layer
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


def looks_like_audio(head: bytes) -> bool:
    """Whether a file that begins with these bytes may hold audio that can be decoded.

    Args:
        head: The first :data:`HEAD_BYTES`, or all of a shorter file.
    """
    if head.startswith(_MAGIC) or head[8:12] in _FORMS.get(head[:4], ()):
        return True
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide"}:
        return head[8:12] not in _PICTURES
    # Packets of MPEG-TS, without and with a time before each.
    if b"GGG" in {head[0 : 2 * 188 + 1 : 188], head[4 : 4 + 2 * 192 + 1 : 192]}:
        return True
    return _is_two_frames(head)


def looks_like_text(head: bytes) -> bool:
    """Whether a file that begins with these bytes is text, or empty."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16
        return b"\0\0" not in head
    return not head.translate(None, delete=_NOT_CONTROL)


def _is_two_frames(head: bytes) -> bool:
    """Whether there are two headers of MPEG audio or AAC at the right distance."""
    size = _frame_bytes(head[:7])
    return size > 0 and _frame_bytes(head[size : size + 7]) > 0


def _frame_bytes(head: bytes) -> int:
    """Bytes of a frame of MPEG audio or AAC (ADTS); 0 if none begins here.

    Source: ISO/IEC 11172-3 2.4.1.3, ISO/IEC 13818-7 6.2.
    """
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    layer = 4 - (head[1] >> 1 & 3)
    if layer == 4:
        is_aac = head[1] & 0xF0 == 0xF0 and head[2] >> 2 & 15 < 13
        return (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5 if is_aac else 0
    version, rate, kbps = head[1] >> 3 & 3, head[2] >> 2 & 3, head[2] >> 4
    if version == 1 or rate == 3 or not 0 < kbps < 15:
        return 0
    rate_hz = _RATES_HZ[rate] >> {3: 0, 2: 1, 0: 2}[version]
    bits = 1000 * _KBPS[version == 3, layer][kbps - 1]
    padding = head[2] >> 1 & 1
    if layer == 1:
        return (12 * bits // rate_hz + padding) * 4
    return (144 if layer == 2 or version == 3 else 72) * bits // rate_hz + padding
