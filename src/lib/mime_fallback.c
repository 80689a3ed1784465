/* The message that is delivered in the place of one beyond the limits. */
#include "lib/mime_leaf.h"
#include "lib/mime_rewrite.h"

#include <errno.h>

#define PIECE_MAX (256 * KiB) /* of one part: not tuned */

static void put_escaped(struct span text, struct buf *out)
{
    for (size_t i = 0; i < text.len && !buf_error(out); i++) {
        char c = text.ptr[i];
        if (c == '<')
            buf_add_text(out, "&lt;");
        else if (c == '>')
            buf_add_text(out, "&gt;");
        else if (c == '&')
            buf_add_text(out, "&amp;");
        else if (c != '\0' && c != '\r')
            buf_add_char(out, c);
    }
}

static int put_leaf(struct span message, const struct mime_part *part, size_t end, struct buf *out)
{
    struct mime_content content;
    mime_content_read(message, part->header, part->header_end, false, &content);
    bool plain = content.kind == MIME_OTHER && !content.attachment &&
                 (content.type[0] == '\0' || strncmp(content.type, "text/", 5) == 0);
    if (!plain && content.kind != MIME_HTML)
        return 0;
    struct mime_part piece = *part;
    if (piece.end > end)
        piece.end = end;
    if (piece.end < piece.body)
        return 0;
    if (piece.end - piece.body > PIECE_MAX)
        piece.end = piece.body + PIECE_MAX;
    CLEANUP(buf_free) struct buf text = BUF_INIT(4 * PIECE_MAX);
    int error = mime_leaf_text(message, &piece, &content, &text);
    if (error < 0)
        return error;
    if (plain) {
        buf_add_text(out, "<pre>");
        put_escaped(buf_span(&text), out);
        buf_add_text(out, "</pre>\n");
        return buf_error(out);
    }
    return html_to_text(buf_span(&text), out);
}

/* What the scan did not reach is one run of bytes; much of it may be noise, but nothing is lost. */
static int put_rest(struct span message, const struct mime_scan *scan, struct buf *out)
{
    struct span rest = span_part(message, scan->looked_at, PIECE_MAX);
    CLEANUP(buf_free) struct buf piece = BUF_INIT(LIMIT_FALLBACK_TEXT);
    if (rest.len == 0)
        return buf_error(out);
    int error = html_to_text(rest, &piece);
    if (error == -ENOMEM)
        return error;
    if (error || piece.len > LIMIT_FALLBACK_TEXT - out->len)
        return buf_add_text(out, "<p>More text did not fit.</p>\n");
    return buf_add_span(out, buf_span(&piece));
}

/* The text of every part; what does not fit is said to be missing. */
static int put_text(struct span message, const struct mime_scan *scan, struct buf *out)
{
    CLEANUP(buf_free) struct buf piece = BUF_INIT(LIMIT_FALLBACK_TEXT);
    buf_add_text(out, "<p>This message could not be shown safely in its own form. "
                      "Its text follows, as far as it could be read.</p>\n");
    for (size_t i = 0; i < scan->count; i++) {
        const struct mime_part *part = &scan->parts[i];
        if (part->kind == MIME_MULTIPART || part->kind == MIME_MESSAGE ||
            part->body <= part->header)
            continue;
        buf_clear(&piece);
        int error = put_leaf(message, part, scan->looked_at, &piece);
        if (error == -ENOMEM)
            return error;
        if (error || piece.len > LIMIT_FALLBACK_TEXT - out->len)
            return buf_add_text(out, "<p>More text did not fit.</p>\n");
        buf_add_span(out, buf_span(&piece));
    }
    return put_rest(message, scan, out);
}

int mime_fallback_message(struct span message, const char *why, struct buf *out)
{
    /* A scan of the beginning is enough for as much text as is kept. */
    struct span head = span_part(message, 0, 8 * LIMIT_FALLBACK_TEXT);
    struct mime_scan scan = {0};
    int error = mime_scan(head, &scan);
    if (error == -ENOMEM)
        return error;
    const char *lf = memchr(message.ptr, '\n', message.len);
    struct span eol = lf && lf > message.ptr && lf[-1] == '\r' ? SPAN("\r\n") : SPAN("\n");

    CLEANUP(buf_free) struct buf html = BUF_INIT(LIMIT_FALLBACK_TEXT + KiB);
    error = put_text(head, &scan, &html);
    if (!error) {
        mime_header_copy(head, &scan.parts[0], eol, out);
        const char *end = eol.ptr;
        buf_add_format(out, "MIME-Version: 1.0%s", end);
        buf_add_format(out, "Content-Type: text/html; charset=utf-8%s", end);
        buf_add_format(out, "Content-Transfer-Encoding: quoted-printable%s", end);
        buf_add_format(out, "X-Shoji-Fallback: %s%s%s", why, end, end);
        error = mime_code_qp(buf_span(&html), SPAN("\n"), eol, out);
    }
    mime_scan_free(&scan);
    return error;
}
