#include "base/date.h"

#include <string.h>
#include <time.h>

static int digits(const char *text, size_t count)
{
    int value = 0;
    for (size_t i = 0; i < count; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

bool date_days(const char *text, int32_t *ret)
{
    static const char form[] = "dddd-dd-dd";
    if (strlen(text) != sizeof(form) - 1)
        return false;
    for (size_t i = 0; i < sizeof(form) - 1; i++)
        if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return false;
    struct tm tm = {.tm_year = digits(text, 4) - 1900,
                    .tm_mon = digits(text + 5, 2) - 1,
                    .tm_mday = digits(text + 8, 2)};
    const struct tm given = tm;
    time_t seconds = timegm(&tm);
    /* timegm makes the 2nd of March out of the 30th of February. */
    if (seconds < 0 || tm.tm_mon != given.tm_mon || tm.tm_mday != given.tm_mday)
        return false;
    *ret = (int32_t)(seconds / (24 * 60 * 60));
    return true;
}

const char *date_text(int32_t days, char ret[DATE_TEXT])
{
    time_t at = (time_t)days * 24 * 60 * 60;
    struct tm tm;
    if (!gmtime_r(&at, &tm) || strftime(ret, DATE_TEXT, "%Y-%m-%d", &tm) == 0)
        strcpy(ret, "?");
    return ret;
}
