"""What a hostile, broken or merely odd origin can say to one request, and what its reader must see.

Each deed is a page of origin.Origin with a verdict: SHOWN (the picture, as from a plain answer),
LATER (nothing, and another try may help), NEVER (nothing, for good), HIDDEN (nothing; the standards
do not say whether another try could help) or OPEN (they do not say whether to show it).
RFC 9110 and 9112 are what the verdicts rest on."""

import gzip
import socket
import struct
import zlib

import origin as origins
import pictures

SHOWN, LATER, NEVER, HIDDEN, OPEN = "shown", "later", "never", "hidden", "open"
MAX_BYTES = 256 << 10  # [fetch] max_bytes of the server that is tried
BODY = pictures.plain_png()
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
PACE_S = 0.1  # of a drip: this is the origin's behaviour, not the test's patience


def says(*parts):
    data = b"".join(parts)
    return lambda conn, _asked: conn.sendall(data)


def whole(*fields, first=OK, body=BODY):
    return says(first, *(field + b"\r\n" for field in fields), b"\r\n", body)


def stops(conn, server):
    """Waits until the test is over, or the peer leaves: nothing more comes from us."""
    conn.settimeout(60)
    while not server.stopping.is_set():
        try:
            if not conn.recv(4096):
                return
        except OSError:
            return


class Deeds:
    """`all`: name -> (page, verdict)."""

    def __init__(self, server):
        self.server = server
        self.all = {}
        for group in (self.pace, self.lengths, self.heads, self.ends, self.interim, self.statuses,
                      self.codings, self.chunks, self.loops, self.bodies):
            for name, (page, verdict) in group().items():
                self.all[f"/{group.__name__}/{name}"] = (page, verdict)

    def drip(self, at_once, slowly):
        def page(conn, _asked):
            conn.sendall(at_once)
            for byte in slowly:
                conn.sendall(bytes([byte]))
                if self.server.stopping.wait(PACE_S):
                    return
        return page

    def hangs(self, *parts):
        def page(conn, _asked):
            conn.sendall(b"".join(parts))
            stops(conn, self.server)
        return page

    def forever(self, first, again):
        again *= max(1, 32768 // len(again))

        def page(conn, _asked):
            conn.sendall(first)
            while not self.server.stopping.is_set():
                conn.sendall(again)
        return page

    def pace(self):
        head = OK + LENGTH + b"\r\n"
        return {
            "status_line": (self.drip(b"", OK * 40), LATER),
            "head": (self.drip(OK, b"X-Slow: " + b"x" * 1000), LATER),
            "body": (self.drip(head, BODY), LATER),
            "body_without_length": (self.drip(OK + b"\r\n", BODY), LATER),
            "chunk_size": (self.drip(CHUNKED, b"0" * 1000), LATER),
            "chunks": (self.drip(CHUNKED, b"1\r\nx\r\n" * 200), LATER),
            "trailers": (self.drip(CHUNKED + b"%x\r\n%s\r\n0\r\n" % (len(BODY), BODY),
                                   b"X-T: 1\r\n" * 99), LATER),
            "interim": (self.drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 40), LATER),
            "silent": (self.hangs(), LATER),
            "silent_in_status_line": (self.hangs(b"HTTP/1.1 2"), LATER),
            "silent_in_head": (self.hangs(OK, b"X-A: b"), LATER),
            "silent_after_head": (self.hangs(head), LATER),
            "silent_in_body": (self.hangs(head, BODY[:-1]), LATER),
            "silent_in_chunk": (self.hangs(CHUNKED, b"ff\r\nabc"), LATER),
            "open_after_body": (self.hangs(head, BODY), SHOWN),
            "open_without_length": (self.hangs(OK, b"\r\n", BODY), LATER),
        }

    def lengths(self):
        def sized(size):
            """A valid picture of exactly so many bytes."""
            extra = size - len(BODY) - 12
            return BODY[:33] + pictures.chunk(b"prVt", b"\0" * extra) + BODY[33:]

        def declared(text, body=BODY):
            return whole(b"Content-Length: " + text, body=body)

        n = b"%d" % len(BODY)
        largest, too_large = sized(MAX_BYTES), sized(MAX_BYTES + 1)
        return {
            "right": (declared(n), SHOWN),
            "none": (whole(), SHOWN),
            "largest": (declared(b"%d" % MAX_BYTES, largest), SHOWN),
            "largest_without_length": (whole(body=largest), SHOWN),
            "too_large": (declared(b"%d" % (MAX_BYTES + 1), too_large), NEVER),
            "too_large_without_length": (whole(body=too_large), NEVER),
            "one_too_many": (declared(b"%d" % (len(BODY) + 1)), LATER),
            "far_too_many": (declared(b"200000"), LATER),
            "one_too_few": (declared(b"%d" % (len(BODY) - 1)), OPEN),
            "far_too_few": (declared(b"40"), HIDDEN),
            "more_follows": (declared(n, BODY * 3), SHOWN),
            "zero": (declared(b"0"), HIDDEN),
            "huge": (self.hangs(OK, b"Content-Length: 99999999999\r\n\r\n"), NEVER),
            "beyond_64_bits": (declared(b"18446744073709551616"), HIDDEN),
            "wraps_to_right": (declared(b"%d" % (2 ** 64 + len(BODY))), HIDDEN),
            "negative": (declared(b"-1"), HIDDEN),
            "plus": (declared(b"+" + n), HIDDEN),
            "hex": (declared(b"0x" + n), HIDDEN),
            "fraction": (declared(n + b".0"), HIDDEN),
            "empty": (declared(b""), HIDDEN),
            "words": (declared(b"many"), HIDDEN),
            "list_of_same": (declared(n + b", " + n), OPEN),  # RFC 9112, 6.3: may be taken as one
            "list_of_others": (declared(n + b", 5"), HIDDEN),
            "twice_the_same": (whole(b"Content-Length: " + n, b"Content-Length: " + n), OPEN),
            "twice_others": (whole(b"Content-Length: " + n, b"Content-Length: 5"), HIDDEN),
            "twice_others_first": (whole(b"Content-Length: 5", b"Content-Length: " + n), HIDDEN),
            "folded": (declared(b"\r\n " + n), OPEN),
            "endless": (self.forever(OK + b"\r\n" + BODY, b"\0" * 1024), NEVER),
            "endless_behind_length": (self.forever(OK + LENGTH + b"\r\n" + BODY, b"\0"), SHOWN),
            "endless_chunks": (self.forever(CHUNKED, b"400\r\n" + b"\0" * 1024 + b"\r\n"), NEVER),
            "endless_tiny_chunks": (self.forever(CHUNKED, b"1\r\n\0\r\n"), NEVER),
        }

    def heads(self):
        def fields(count, size):
            return [b"X-%d: %s" % (i, b"x" * size) for i in range(count)]

        return {
            "long_line": (whole(LENGTH[:-2], b"X-Long: " + b"x" * 60000), SHOWN),
            "too_long_line": (whole(LENGTH[:-2], b"X-Long: " + b"x" * 66000), NEVER),
            "line_beyond_libcurl": (whole(LENGTH[:-2], b"X-Long: " + b"x" * 120000), NEVER),
            "endless_line": (self.forever(OK + b"X-Long: ", b"x"), NEVER),
            "endless_name": (self.forever(OK, b"x"), HIDDEN),
            "many_lines": (whole(LENGTH[:-2], *fields(1500, 30)), SHOWN),
            "too_many_lines": (whole(LENGTH[:-2], *fields(3000, 30)), NEVER),
            "endless_lines": (self.forever(OK, b"X-More: x\r\n"), NEVER),
            "endless_empty_names": (self.forever(OK, b":\r\n"), HIDDEN),
            "many_cookies": (whole(LENGTH[:-2], *[b"Set-Cookie: a%d=b; Max-Age=9" % i
                                                  for i in range(900)]), SHOWN),
            "lower_case": (whole(LENGTH[:-2].lower()), SHOWN),
            "no_blank": (whole(b"Content-Length:%d" % len(BODY)), SHOWN),
            "blanks_behind": (whole(LENGTH[:-2] + b" \t "), SHOWN),
            "no_content_type": (whole(LENGTH[:-2]), SHOWN),
            "type_is_a_lie": (whole(LENGTH[:-2], b"Content-Type: text/html"), SHOWN),
            "name_with_blank": (whole(LENGTH[:-2], b"X Y: z"), OPEN),
            "blank_before_colon": (whole(b"Content-Length : 5"), OPEN),
            "no_colon": (whole(LENGTH[:-2], b"nothing"), OPEN),
            "nul": (whole(LENGTH[:-2], b"X-A: b\0c"), OPEN),
            "nul_in_length": (whole(b"Content-Length: 1\0" + b"%d" % len(BODY)), HIDDEN),
            "bytes_beyond_ascii": (whole(LENGTH[:-2], b"X-\xff: \xfe\xed"), OPEN),
            "bare_lf": (says(OK.replace(b"\r", b""), LENGTH.replace(b"\r", b""), b"\n", BODY), OPEN),
            "bare_cr": (says(OK, LENGTH, b"X-A: b\rContent-Length: 5\r\n\r\n", BODY), OPEN),
            "blank_before_status": (says(b"\r\n\r\n", OK, LENGTH, b"\r\n", BODY), OPEN),
            "folded_first": (says(OK, b" X-A: b\r\n", LENGTH, b"\r\n", BODY), OPEN),
        }

    def ends(self):
        def resets(*parts):
            def page(conn, _asked):
                conn.sendall(b"".join(parts))
                conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                conn.close()
            return page

        head = OK + LENGTH + b"\r\n"
        return {
            "at_once": (says(b""), LATER),
            "in_status_line": (says(b"HTTP/1.1 20"), LATER),
            "after_status_line": (says(OK), LATER),
            "in_head": (says(OK, b"Content-Le"), LATER),
            "after_head": (says(head), LATER),
            "in_body": (says(head, BODY[:-1]), LATER),
            "in_body_without_length": (says(OK, b"\r\n", BODY[:60]), HIDDEN),
            "in_chunk_size": (says(CHUNKED, b"4"), LATER),
            "in_chunk": (says(CHUNKED, b"%x\r\n" % len(BODY), BODY[:-1]), LATER),
            "before_last_chunk": (says(CHUNKED, b"%x\r\n" % len(BODY), BODY, b"\r\n"), LATER),
            "reset_at_once": (resets(), LATER),
            "reset_in_head": (resets(OK), LATER),
            "reset_in_body": (resets(head, BODY[:30]), LATER),
        }

    def interim(self):
        def first(count, line=b"HTTP/1.1 100 Continue\r\n\r\n"):
            return says(line * count, OK, LENGTH, b"\r\n", BODY)

        return {
            "one": (first(1), SHOWN),
            "hints": (first(2, b"HTTP/1.1 103 Early Hints\r\nLink: </x.css>; rel=preload\r\n\r\n"),
                      SHOWN),
            "length_in_hint": (first(1, b"HTTP/1.1 103 Hints\r\nContent-Length: 5\r\n\r\n"), OPEN),
            "many": (first(200), HIDDEN),
            "endless": (self.forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), HIDDEN),
            "endless_with_fields": (self.forever(b"", b"HTTP/1.1 102 P\r\nX: y\r\n\r\n"), HIDDEN),
            "switch": (first(1, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n"
                                b"Connection: Upgrade\r\n\r\n"), HIDDEN),
            "switch_to_websocket": (self.hangs(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: x\r\n\r\n\x82\x05hello"), HIDDEN),
            "redirect_in_hint": (first(1, b"HTTP/1.1 103 Hints\r\nLocation: /elsewhere\r\n\r\n"),
                                 SHOWN),
        }

    def statuses(self):
        def status(line, *fields):
            return whole(LENGTH[:-2], *fields, first=b"HTTP/1.1 " + line + b"\r\n")

        def other(line):
            return whole(LENGTH[:-2], first=line + b"\r\n")

        deeds = {line[:3].decode(): (status(line), verdict) for line, verdict in (
            (b"400 Bad", NEVER), (b"401 Who", NEVER), (b"403 No", NEVER), (b"404 Not", NEVER),
            (b"405 No", NEVER), (b"406 No", NEVER), (b"410 Gone", NEVER), (b"418 Tea", NEVER),
            (b"451 Law", NEVER), (b"499 ?", NEVER), (b"407 Proxy", NEVER), (b"304 Not", HIDDEN),
            (b"408 Late", LATER), (b"425 Early", LATER), (b"429 Many", LATER), (b"500 Oops", LATER),
            (b"502 Bad", LATER), (b"503 Busy", LATER), (b"504 Late", LATER), (b"599 ?", LATER),
            (b"201 New", HIDDEN), (b"202 Yes", HIDDEN), (b"203 Own", OPEN), (b"226 IM", HIDDEN),
            (b"300 Many", HIDDEN), (b"305 Proxy", HIDDEN), (b"306 ?", HIDDEN), (b"399 ?", HIDDEN))}
        deeds |= {
            "204": (says(b"HTTP/1.1 204 No Content\r\n\r\n"), NEVER),
            "205": (status(b"205 Reset Content"), NEVER),
            "206_whole": (status(b"206 Partial Content", b"Content-Range: bytes 0-%d/%d"
                                 % (len(BODY) - 1, len(BODY))), HIDDEN),
            "206_part": (whole(b"Content-Range: bytes 0-29/%d" % len(BODY), b"Content-Length: 30",
                               first=b"HTTP/1.1 206 P\r\n", body=BODY[:30]), HIDDEN),
            "206_other_part": (status(b"206 Partial Content", b"Content-Range: bytes 5-9/10"), HIDDEN),
            "206_parts": (status(b"206 P", b"Content-Type: multipart/byteranges; boundary=x"), HIDDEN),
            "range_in_200": (status(b"200 OK", b"Content-Range: bytes 0-29/3000"), OPEN),
            "http_1_0": (other(b"HTTP/1.0 200 OK"), SHOWN),
            "no_reason": (other(b"HTTP/1.1 200"), SHOWN),
            "http_1_9": (other(b"HTTP/1.9 200 OK"), OPEN),
            "http_2": (other(b"HTTP/2 200 OK"), HIDDEN),
            "http_2_0": (other(b"HTTP/2.0 200 OK"), HIDDEN),
            "http_3": (other(b"HTTP/3 200"), HIDDEN),
            "http_0_9": (says(BODY), HIDDEN),
            "http_0_9_text": (says(b"<html>"), HIDDEN),
            "http_2_frames": (says(bytes.fromhex("000012040000000000"), bytes(18)), HIDDEN),
            "icy": (other(b"ICY 200 OK"), HIDDEN),
            "rtsp": (other(b"RTSP/1.0 200 OK"), HIDDEN),
            "lower_case": (other(b"http/1.1 200 ok"), HIDDEN),
            "smtp": (says(b"220 mail.example ESMTP\r\n"), HIDDEN),
            "ssh": (says(b"SSH-2.0-OpenSSH_9.2\r\n"), HIDDEN),
            "tls_alert": (says(bytes.fromhex("15030300020228")), HIDDEN),
            "four_digits": (other(b"HTTP/1.1 2000 OK"), OPEN),
            "two_digits": (other(b"HTTP/1.1 20 OK"), HIDDEN),
            "zero": (other(b"HTTP/1.1 000 OK"), HIDDEN),
            "ninety_nine": (other(b"HTTP/1.1 099 OK"), HIDDEN),
            "nine_hundred": (other(b"HTTP/1.1 999 OK"), HIDDEN),
            "negative": (other(b"HTTP/1.1 -200 OK"), HIDDEN),
            "no_status": (other(b"HTTP/1.1"), HIDDEN),
            "words": (other(b"HTTP/1.1 OK 200"), HIDDEN),
        }
        return deeds

    def codings(self):
        def coded(coding, body, name=b"Content-Encoding"):
            return whole(name + b": " + coding, b"Content-Length: %d" % len(body), body=body)

        pack = zlib.compressobj(9, zlib.DEFLATED, 31)
        bomb = b"".join(pack.compress(bytes(1 << 20)) for _ in range(200)) + pack.flush()
        return {
            "identity": (coded(b"identity", BODY), SHOWN),
            "gzip": (coded(b"gzip", gzip.compress(BODY)), HIDDEN),
            "x_gzip": (coded(b"x-gzip", gzip.compress(BODY)), HIDDEN),
            "gzip_bomb": (coded(b"gzip", bomb), HIDDEN),
            "gzip_not_gzip": (coded(b"gzip", BODY), HIDDEN),
            "deflate": (coded(b"deflate", zlib.compress(BODY)), HIDDEN),
            "br": (coded(b"br", b"\x21\x0c\x00\x04" + BODY), HIDDEN),
            "zstd": (coded(b"zstd", BODY), HIDDEN),
            "unknown": (coded(b"x-shoji", BODY), HIDDEN),
            "many": (coded(b", ".join([b"gzip"] * 500), BODY), HIDDEN),
            "gzip_then_identity": (coded(b"gzip, identity", gzip.compress(BODY)), HIDDEN),
            "transfer_gzip": (coded(b"gzip", gzip.compress(BODY), b"Transfer-Encoding"), HIDDEN),
            "transfer_gzip_chunked": (says(
                OK, b"Transfer-Encoding: gzip, chunked\r\n\r\n%x\r\n" % len(bomb), bomb,
                b"\r\n0\r\n\r\n"), HIDDEN),
            "transfer_unknown": (coded(b"xchunked", BODY, b"Transfer-Encoding"), HIDDEN),
            "transfer_identity": (coded(b"identity", BODY, b"Transfer-Encoding"), OPEN),
            "bare_gzip_body": (whole(body=gzip.compress(BODY)), HIDDEN),
            "svgz": (whole(body=gzip.compress(b"<svg/>")), HIDDEN),
        }

    def chunks(self):
        def chunked(*chunks, end=b"0\r\n\r\n"):
            return says(CHUNKED, *chunks, end)

        def one(extension=b"", data=BODY):
            return b"%x%s\r\n%s\r\n" % (len(data), extension, data)

        return {
            "one": (chunked(one()), SHOWN),
            "bytes": (chunked(*(b"1\r\n%c\r\n" % byte for byte in BODY)), SHOWN),
            "upper_case": (chunked(b"%X\r\n%s\r\n" % (len(BODY), BODY)), SHOWN),
            "leading_zeros": (chunked(b"0000%x\r\n%s\r\n" % (len(BODY), BODY)), SHOWN),
            "extension": (chunked(one(b";name=value;other")), SHOWN),
            "huge_extension": (chunked(one(b";" + b"x" * 200000)), OPEN),
            "endless_extension": (self.forever(CHUNKED + b"5;", b"x"), NEVER),
            "extensions_everywhere": (chunked(*(b"1;%s\r\n%c\r\n" % (b"x" * 2000, byte)
                                                for byte in BODY)), OPEN),
            "trailer": (chunked(one(), end=b"0\r\nX-T: 1\r\nContent-Length: 5\r\n\r\n"), SHOWN),
            "redirect_in_trailer": (chunked(one(), end=b"0\r\nLocation: /elsewhere\r\n\r\n"), SHOWN),
            "endless_trailers": (self.forever(CHUNKED + one() + b"0\r\n", b"X-T: 1\r\n"), NEVER),
            "endless_trailer": (self.forever(CHUNKED + one() + b"0\r\nX-T: ", b"x"), HIDDEN),
            "more_behind_end": (chunked(one(), end=b"0\r\n\r\n" + BODY), SHOWN),
            "no_size": (chunked(b"\r\n" + BODY), HIDDEN),
            "not_hex": (chunked(b"zz\r\n" + BODY), HIDDEN),
            "0x": (chunked(b"0x%x\r\n%s\r\n" % (len(BODY), BODY)), HIDDEN),
            "negative": (chunked(b"-5\r\nhello\r\n"), HIDDEN),
            "beyond_64_bits": (chunked(b"1%016x\r\n%s\r\n" % (len(BODY), BODY)), HIDDEN),
            "largest": (self.hangs(CHUNKED, b"FFFFFFFFFFFFFFFF\r\n"), HIDDEN),
            "very_long_size": (self.forever(CHUNKED, b"0"), HIDDEN),
            "too_little_data": (chunked(b"%x\r\n%s\r\n" % (len(BODY) + 9, BODY)), HIDDEN),
            "too_much_data": (chunked(b"%x\r\n%s\r\n" % (len(BODY) - 9, BODY)), HIDDEN),
            "no_crlf_behind": (chunked(b"%x\r\n%s" % (len(BODY), BODY)), OPEN),
            "bare_lf": (chunked(b"%x\n%s\n" % (len(BODY), BODY), end=b"0\n\n"), OPEN),
            "twice": (says(OK, b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
                           one(), b"0\r\n\r\n"), OPEN),
            "with_length": (says(OK, LENGTH, b"Transfer-Encoding: chunked\r\n\r\n", one(),
                                 b"0\r\n\r\n"), OPEN),  # RFC 9112, 6.3: Transfer-Encoding counts
            "with_wrong_length": (says(OK, b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
                                       one(), b"0\r\n\r\n"), OPEN),
            "said_and_not_done": (whole(b"Transfer-Encoding: chunked"), HIDDEN),
            "done_and_not_said": (says(OK, b"\r\n", one(), b"0\r\n\r\n"), HIDDEN),
            "in_http_1_0": (says(b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", one(),
                                 b"0\r\n\r\n"), OPEN),
        }

    def loops(self):
        return {
            "self": (origins.redirect("/loops/self"), HIDDEN),
            "self_by_query": (origins.redirect("?"), HIDDEN),
            "self_by_fragment": (origins.redirect("#again"), HIDDEN),
            "tick": (origins.redirect("/loops/tock"), HIDDEN),
            "tock": (origins.redirect("/loops/tick"), HIDDEN),
            "into": (origins.redirect("/loops/self"), HIDDEN),
            **{f"chain{i}": (origins.redirect(f"/loops/chain{i + 1}"), HIDDEN) for i in range(4)},
            "chain4": (origins.redirect("/loops/missing"), HIDDEN),
            "missing": (origins.answer(status="404 Not Found"), NEVER),
        }

    def bodies(self):
        def body(data, kind=b"image/png"):
            return whole(b"Content-Type: " + kind, b"Content-Length: %d" % len(data), body=data)

        def claims(width, height, rows=b""):
            return pictures.png_of_rows(width, height, 8, 6, zlib.compress(rows))

        return {
            "empty": (body(b""), NEVER),
            "one_byte": (body(b"\x89"), NEVER),
            "signature_only": (body(BODY[:8]), NEVER),
            "half": (body(pictures.noise_png(64, 64)[:4000]), NEVER),
            "bomb": (body(pictures.bomb_png(20000)), NEVER),
            "no_pixels": (body(pictures.png_of_rows(0, 0, 8, 2, b"")), NEVER),
            "wide": (body(claims(2 ** 31 - 1, 1)), NEVER),
            "wide_and_high": (body(claims(2 ** 31 - 1, 2 ** 31 - 1)), NEVER),
            "claims_more": (body(claims(4000, 4000, bytes(100))), NEVER),
            "html": (body(b"<script>alert(1)</script>"), NEVER),
            "svg": (body(b'<svg xmlns="http://www.w3.org/2000/svg"><g>', b"image/svg+xml"), NEVER),
            "pdf": (body(b"%PDF-1.7\n"), NEVER),
            "zeros": (body(bytes(100000)), NEVER),
            "gif_head_only": (body(b"GIF89a" + struct.pack("<HH", 65535, 65535), b"image/gif"), NEVER),
            "gif_and_script": (body(b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)", b"image/gif"), NEVER),
            "jpeg_head_only": (body(bytes.fromhex("ffd8ffe000104a46494600010100000100010000")), NEVER),
            "webp_lies": (body(b"RIFF\xff\xff\xff\x7fWEBPVP8X\x0a\0\0\0" + bytes(10)), NEVER),
            "behind_garbage": (body(b"\r\n" + BODY), NEVER),
        }
