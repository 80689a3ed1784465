#include "origin_names.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#define HEADER     12  /* RFC 1035, 4.1.1 */
#define PACKET     512 /* without EDNS no more comes */
#define TYPE_A     1
#define RECORD     16 /* a name by pointer, type, class, time to live, length, four bytes */
#define TTL_LENGTH "\0\0\0\x3c\0\x04"

/* The bytes of name, type and class of the one question; 0 when it is cut off. */
static size_t question_len(const unsigned char *packet, size_t len)
{
    size_t at = HEADER;
    while (at < len && packet[at] != 0)
        at += 1U + packet[at];
    return at + 5 <= len ? at + 5 - HEADER : 0;
}

void names_answer(int fd, const char *address)
{
    unsigned char packet[PACKET + RECORD];
    struct sockaddr_storage peer;
    socklen_t peer_len = sizeof(peer);
    ssize_t n;
    while ((n = recvfrom(fd, packet, PACKET, 0, (struct sockaddr *)&peer, &peer_len)) >= 0) {
        size_t question = n > HEADER ? question_len(packet, (size_t)n) : 0;
        if (question == 0)
            continue;
        size_t len = HEADER + question;
        int a = packet[len - 4] == 0 && packet[len - 3] == TYPE_A;
        /* An answer, recursion available; one question, one or no record, nothing else. */
        memcpy(packet + 2, "\x81\x80\0\x01\0\0\0\0\0\0", 10);
        packet[7] = (unsigned char)a;
        if (a) {
            memcpy(packet + len, "\xc0\x0c\0\x01\0\x01" TTL_LENGTH, RECORD - 4);
            inet_pton(AF_INET, address, packet + len + RECORD - 4);
            len += RECORD;
        }
        sendto(fd, packet, len, 0, (struct sockaddr *)&peer, peer_len);
        peer_len = sizeof(peer);
    }
}
