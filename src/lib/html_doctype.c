#include "lib/html_token.h"

/* 13.2.5.53 to .68. What each field points into is the tokenizer's store, filled in name, public,
 * system order; offsets become pointers at the end. */
struct reader {
    struct html_tokenizer *t;
    size_t public_at, system_at;
    struct html_doctype doctype;
};

static bool at_end(const struct reader *r)
{
    return r->t->at >= r->t->in.len;
}

static char here(const struct reader *r)
{
    return r->t->in.ptr[r->t->at];
}

static void skip_space(struct reader *r)
{
    while (!at_end(r) && ascii_is_space(here(r)))
        r->t->at++;
}

/* At the end of input or at '>' that comes too early: the document is in quirks mode. */
static bool stop_early(struct reader *r)
{
    if (!at_end(r) && here(r) != '>')
        return false;
    r->doctype.force_quirks = true;
    return true;
}

static void skip_bogus(struct reader *r)
{
    while (!at_end(r) && here(r) != '>')
        r->t->at++;
}

/* A quoted identifier; false when it does not come to its quote. */
static bool read_quoted(struct reader *r, size_t *ret_at, size_t *ret_len)
{
    char quote = here(r);
    size_t from = ++r->t->at;
    while (!at_end(r) && here(r) != quote && here(r) != '>')
        r->t->at++;
    *ret_at = r->t->store.len;
    html_store_add(r->t, span_part(r->t->in, from, r->t->at - from));
    *ret_len = r->t->store.len - *ret_at;
    if (at_end(r) || here(r) == '>') {
        r->doctype.force_quirks = true;
        return false;
    }
    r->t->at++;
    return true;
}

static bool is_quote(const struct reader *r)
{
    return !at_end(r) && (here(r) == '"' || here(r) == '\'');
}

static void read_system(struct reader *r)
{
    skip_space(r);
    if (stop_early(r))
        return;
    if (!is_quote(r)) {
        r->doctype.force_quirks = true;
        skip_bogus(r);
        return;
    }
    r->doctype.has_system = true;
    if (!read_quoted(r, &r->system_at, &r->doctype.system_id.len))
        return;
    skip_space(r);
    if (at_end(r))
        r->doctype.force_quirks = true;
    skip_bogus(r); /* text here does not change the mode */
}

static void read_public(struct reader *r)
{
    skip_space(r);
    if (stop_early(r))
        return;
    if (!is_quote(r)) {
        r->doctype.force_quirks = true;
        skip_bogus(r);
        return;
    }
    r->doctype.has_public = true;
    if (!read_quoted(r, &r->public_at, &r->doctype.public_id.len))
        return;
    skip_space(r);
    if (at_end(r))
        r->doctype.force_quirks = true;
    else if (here(r) != '>')
        read_system(r);
}

static void read_name(struct reader *r)
{
    size_t from = r->t->at;
    while (!at_end(r) && !ascii_is_space(here(r)) && here(r) != '>')
        r->t->at++;
    html_store_add(r->t, span_part(r->t->in, from, r->t->at - from));
    for (size_t i = 0; i < r->t->store.len; i++)
        r->t->store.ptr[i] = ascii_lower(r->t->store.ptr[i]);
    r->doctype.name.len = r->t->store.len;
    r->doctype.has_name = true;
}

static void read_doctype(struct reader *r)
{
    skip_space(r);
    if (stop_early(r))
        return;
    read_name(r);
    skip_space(r);
    if (at_end(r)) {
        r->doctype.force_quirks = true;
        return;
    }
    if (here(r) == '>')
        return;
    struct span keyword = span_part(r->t->in, r->t->at, 6);
    if (span_equal_nocase(keyword, SPAN("public"))) {
        r->t->at += 6;
        read_public(r);
    } else if (span_equal_nocase(keyword, SPAN("system"))) {
        r->t->at += 6;
        read_system(r);
    } else {
        r->doctype.force_quirks = true;
        skip_bogus(r);
    }
}

void html_doctype_read(struct html_tokenizer *t, struct html_token *ret)
{
    struct reader r = {.t = t};
    read_doctype(&r);
    if (!at_end(&r))
        t->at++;
    const char *store = t->store.ptr ? t->store.ptr : "";
    r.doctype.name.ptr = store;
    r.doctype.public_id.ptr = store + r.public_at;
    r.doctype.system_id.ptr = store + r.system_at;
    t->doctype = r.doctype;
    *ret = (struct html_token){.type = HTML_DOCTYPE, .doctype = &t->doctype};
}

/* ---- the rendering mode (13.2.6.4.1) ---- */

static bool starts_with_any(struct span id, const char *const *prefixes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct span prefix = span_of(prefixes[i]);
        if (span_equal_nocase(span_part(id, 0, prefix.len), prefix))
            return true;
    }
    return false;
}

bool html_doctype_is_quirky(const struct html_doctype *doctype)
{
    static const char *const quirky[] = {
        "+//silmaril//dtd html pro v0r11 19970101//",
        "-//as//dtd html 3.0 aswedit + extensions//",
        "-//advasoft ltd//dtd html 3.0 aswedit + extensions//",
        "-//ietf//dtd html",
        "-//metrius//dtd metrius presentational//",
        "-//microsoft//dtd internet explorer",
        "-//netscape comm. corp.//dtd",
        "-//o'reilly and associates//dtd html",
        "-//sq//dtd html 2.0 hotmetal + extensions//",
        "-//softquad software//dtd hotmetal pro",
        "-//softquad//dtd hotmetal pro",
        "-//spyglass//dtd html 2.0 extended//",
        "-//sun microsystems corp.//dtd hotjava",
        "-//w3c//dtd html 3 1995-03-24//",
        "-//w3c//dtd html 3.2",
        "-//w3c//dtd html 4.0 frameset//",
        "-//w3c//dtd html 4.0 transitional//",
        "-//w3c//dtd html experimental",
        "-//w3c//dtd w3 html 3.0//",
        "-//w3o//dtd w3 html 3.0//",
        "-//w3o//dtd w3 html strict 3.0//en//",
        "-//webtechs//dtd mozilla html",
        "-/w3c/dtd html 4.0 transitional/en",
    };
    static const char *const without_system[] = {
        "-//w3c//dtd html 4.01 frameset//",
        "-//w3c//dtd html 4.01 transitional//",
    };
    static const char ibm[] = "http://www.ibm.com/data/dtd/v11/ibmxhtml1-transitional.dtd";
    if (doctype->force_quirks || !span_equal(doctype->name, SPAN("html")))
        return true;
    if (doctype->has_system && span_equal_nocase(doctype->system_id, span_of(ibm)))
        return true;
    if (!doctype->has_public)
        return false;
    if (span_equal_nocase(doctype->public_id, SPAN("html")))
        return true;
    if (starts_with_any(doctype->public_id, quirky, sizeof(quirky) / sizeof(quirky[0])))
        return true;
    return !doctype->has_system &&
           starts_with_any(doctype->public_id, without_system,
                           sizeof(without_system) / sizeof(without_system[0]));
}
