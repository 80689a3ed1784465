/* The record of pixels (serve/pixels.h) as JSON, or as CSV (RFC 4180) for a spreadsheet. */
#include "admin/control_call.h"

#include "base/date.h"
#include "serve/pixels.h"

#include <string.h>

#define CSV_TYPE "text/csv; charset=utf-8; header=present" /* RFC 4180, section 3 */
#define CSV_MAX  (4 * MiB)                                 /* of the most that is remembered */

static void free_entries(struct pixels_list *list)
{
    free(list->entries);
}

static json_t *json_entry(const struct pixels_entry *entry)
{
    char first[DATE_TEXT], last[DATE_TEXT];
    return json_pack(
        "{s:s?,s:s,s:s,s:I,s:I,s:s,s:s,s:s}", "vendor", *entry->vendor ? entry->vendor : NULL,
        "host", entry->host, "domain", entry->domain, "originals", (json_int_t)entry->originals,
        "pictures", (json_int_t)entry->pictures, "first", date_text(entry->first_day, first),
        "last", date_text(entry->last_day, last), "known", pixels_known_name(entry->known));
}

static enum MHD_Result send_json(struct call *call, const struct pixels_list *list)
{
    json_t *trackers = json_array();
    for (size_t i = 0; trackers && i < list->count; i++) {
        if (json_array_append_new(trackers, json_entry(&list->entries[i])) < 0) {
            json_decref(trackers);
            trackers = NULL;
        }
    }
    return call_send_json(call, MHD_HTTP_OK,
                          json_pack("{s:i,s:I,s:o}", "v", 1, "forgotten",
                                    (json_int_t)list->forgotten, "trackers", trackers));
}

/* Hosts and dates need no quotes; the name of a vendor may be any text of the rules. */
static void add_quoted(struct buf *to, const char *text)
{
    buf_add_char(to, '"');
    for (; *text; text++) {
        if (*text == '"')
            buf_add_char(to, '"');
        buf_add_char(to, *text);
    }
    buf_add_char(to, '"');
}

static enum MHD_Result send_csv(struct call *call, const struct pixels_list *list)
{
    char first[DATE_TEXT], last[DATE_TEXT];
    struct buf text = BUF_INIT(CSV_MAX);
    buf_add_text(&text, "host,domain,vendor,originals,pictures,first,last,known\r\n");
    for (size_t i = 0; i < list->count; i++) {
        const struct pixels_entry *entry = &list->entries[i];
        buf_add_format(&text, "%s,%s,", entry->host, entry->domain);
        add_quoted(&text, entry->vendor);
        buf_add_format(&text, ",%u,%u,%s,%s,%s\r\n", entry->originals, entry->pictures,
                       date_text(entry->first_day, first), date_text(entry->last_day, last),
                       pixels_known_name(entry->known));
    }
    size_t len;
    char *bytes = buf_steal(&text, &len);
    return bytes ? call_send(call, CSV_TYPE, bytes, len)
                 : call_send_error(call, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
}

enum MHD_Result control_trackers(struct call *call, struct control *control)
{
    const char *since = call_argument(call, "since");
    const char *format = call_argument(call, "format");
    bool csv = format && strcmp(format, "csv") == 0;
    int32_t since_day = 0;
    CLEANUP(free_entries) struct pixels_list list = {0};
    if (format && !csv && strcmp(format, "json") != 0)
        return call_send_error(call, MHD_HTTP_BAD_REQUEST, "the format is json or csv");
    if (since && !date_days(since, &since_day))
        return call_send_error(call, MHD_HTTP_BAD_REQUEST, "since is a date such as 2026-01-31");
    if (pixels_list(control->env.pixels, since_day, &list) < 0)
        return call_send_error(call, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
    return csv ? send_csv(call, &list) : send_json(call, &list);
}
