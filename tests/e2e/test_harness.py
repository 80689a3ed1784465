"""The instruments themselves: a capture that sees nothing, or an origin that counts wrongly, would
make every other test here pass."""

import socket
import struct
import unittest

import http1
import network
import origin as origins
import pictures


def setUpModule():
    network.enter("93.184.215.14", "10.1.2.3")


class Instruments(unittest.TestCase):
    def test_the_capture_sees_a_refused_connection(self):
        with network.Capture() as capture:
            with socket.socket() as sock, self.assertRaises(ConnectionRefusedError):
                sock.connect(("10.1.2.3", 8123))
            seen = capture.packets()
            self.assertIn(("10.1.2.3", 8123), [packet.target for packet in seen])
        with network.Capture() as capture:
            self.assertEqual(capture.packets(), [])

    def test_the_origin_counts(self):
        with network.far(origins.Origin, "93.184.215.14") as origin:
            origin.pages["/a"] = origins.picture(b"abc", {"ETag": '"1"'})
            address = (origin.host, origin.port)
            self.assertEqual(http1.ask(address, "/a", {"Cookie": "x"}).body, b"abc")
            self.assertEqual(http1.ask(address, "/b").status, 404)
            self.assertTrue(origin.wait_for(None, 2))
            self.assertEqual((origin.count("/a"), origin.count("/b"), origin.connections), (1, 1, 2))
            self.assertIn(b"Cookie: x", origin.asked[0].head)

    def test_the_name_server_answers(self):
        with origins.Names({"a.example": ["10.1.2.3", "::1"]}) as names:
            host, port = names.address.split(":")
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.settimeout(5)
                sock.connect((host, int(port)))
                head = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0)
                sock.send(head + b"\x01a\x07example\x00" + struct.pack(">HH", 1, 1))
                got = sock.recv(512)
                self.assertEqual(struct.unpack(">HHHH", got[:8]), (7, 0x8180, 1, 1))
                self.assertEqual(got[-4:], bytes([10, 1, 2, 3]))
                sock.send(head + b"\x01b\x07example\x00" + struct.pack(">HH", 1, 1))
                self.assertEqual(sock.recv(512)[3] & 15, 3)
            self.assertEqual(names.asked("a.example"), 1)

    def test_the_pictures_are_pictures(self):
        for body in (pictures.plain_png(), pictures.clear_png(9, 9), pictures.noise_png(8, 8)):
            self.assertEqual(pictures.kind_of(body), "png")
        self.assertEqual(pictures.png_size(pictures.clear_png(600, 20)), (600, 20))
        self.assertLess(len(pictures.bomb_png()), 1 << 20)


if __name__ == "__main__":
    unittest.main()
