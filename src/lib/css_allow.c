#include "lib/css_allow.h"

#include <pthread.h>
#include <stdint.h>

struct property {
    const char *name;
    enum css_property kind;
};

/*
 * Left out on purpose: what draws outside the mail's own box (transform, filter), what
 * takes an image in a form that clients disagree about (mask, cursor, shape-outside), behaviours
 * and bindings, and everything aural.
 */
/* clang-format off */
static const struct property properties[] = {
    {"-khtml-border-radius", CSS_PLAIN}, {"-moz-animation", CSS_PLAIN},
    {"-moz-border-image", CSS_IMAGE}, {"-moz-border-radius", CSS_PLAIN},
    {"-moz-box-shadow", CSS_PLAIN}, {"-moz-box-sizing", CSS_PLAIN}, {"-moz-hyphens", CSS_PLAIN},
    {"-moz-osx-font-smoothing", CSS_PLAIN}, {"-moz-text-decoration-color", CSS_PLAIN},
    {"-moz-text-size-adjust", CSS_PLAIN}, {"-ms-content-zooming", CSS_PLAIN},
    {"-ms-flex", CSS_PLAIN}, {"-ms-flex-align", CSS_PLAIN}, {"-ms-flex-direction", CSS_PLAIN},
    {"-ms-flex-pack", CSS_PLAIN}, {"-ms-flex-wrap", CSS_PLAIN},
    {"-ms-high-contrast-adjust", CSS_PLAIN}, {"-ms-hyphens", CSS_PLAIN},
    {"-ms-interpolation-mode", CSS_PLAIN}, {"-ms-text-size-adjust", CSS_PLAIN},
    {"-ms-word-break", CSS_PLAIN}, {"-o-text-overflow", CSS_PLAIN},
    {"-premailer-align", CSS_PLAIN}, {"-premailer-bgcolor", CSS_PLAIN},
    {"-premailer-cellpadding", CSS_PLAIN}, {"-premailer-cellspacing", CSS_PLAIN},
    {"-premailer-height", CSS_PLAIN}, {"-premailer-valign", CSS_PLAIN},
    {"-premailer-width", CSS_PLAIN}, {"-webkit-align-items", CSS_PLAIN},
    {"-webkit-animation", CSS_PLAIN}, {"-webkit-animation-delay", CSS_PLAIN},
    {"-webkit-animation-direction", CSS_PLAIN}, {"-webkit-animation-duration", CSS_PLAIN},
    {"-webkit-animation-fill-mode", CSS_PLAIN}, {"-webkit-animation-iteration-count", CSS_PLAIN},
    {"-webkit-animation-name", CSS_PLAIN}, {"-webkit-animation-timing-function", CSS_PLAIN},
    {"-webkit-appearance", CSS_PLAIN}, {"-webkit-background-clip", CSS_PLAIN},
    {"-webkit-background-size", CSS_PLAIN}, {"-webkit-border-bottom-left-radius", CSS_PLAIN},
    {"-webkit-border-bottom-right-radius", CSS_PLAIN},
    {"-webkit-border-horizontal-spacing", CSS_PLAIN}, {"-webkit-border-image", CSS_IMAGE},
    {"-webkit-border-radius", CSS_PLAIN},
    {"-webkit-border-top-left-radius", CSS_PLAIN}, {"-webkit-border-top-right-radius", CSS_PLAIN},
    {"-webkit-border-vertical-spacing", CSS_PLAIN}, {"-webkit-box-orient", CSS_PLAIN},
    {"-webkit-box-shadow", CSS_PLAIN}, {"-webkit-box-sizing", CSS_PLAIN},
    {"-webkit-column-count", CSS_PLAIN}, {"-webkit-flex", CSS_PLAIN},
    {"-webkit-flex-direction", CSS_PLAIN}, {"-webkit-flex-wrap", CSS_PLAIN},
    {"-webkit-font-smoothing", CSS_PLAIN}, {"-webkit-hyphens", CSS_PLAIN},
    {"-webkit-justify-content", CSS_PLAIN}, {"-webkit-line-break", CSS_PLAIN},
    {"-webkit-line-clamp", CSS_PLAIN}, {"-webkit-margin-after", CSS_PLAIN},
    {"-webkit-margin-before", CSS_PLAIN}, {"-webkit-margin-end", CSS_PLAIN},
    {"-webkit-margin-start", CSS_PLAIN}, {"-webkit-nbsp-mode", CSS_PLAIN},
    {"-webkit-padding-start", CSS_PLAIN}, {"-webkit-print-color-adjust", CSS_PLAIN},
    {"-webkit-tap-highlight-color", CSS_PLAIN}, {"-webkit-text-decoration", CSS_PLAIN},
    {"-webkit-text-decoration-color", CSS_PLAIN}, {"-webkit-text-fill-color", CSS_PLAIN},
    {"-webkit-text-resize", CSS_PLAIN}, {"-webkit-text-size-adjust", CSS_PLAIN},
    {"-webkit-text-stroke", CSS_PLAIN}, {"-webkit-text-stroke-color", CSS_PLAIN},
    {"-webkit-text-stroke-width", CSS_PLAIN}, {"-webkit-transition", CSS_PLAIN},
    {"-webkit-user-select", CSS_PLAIN}, {"accent-color", CSS_PLAIN}, {"align-content", CSS_PLAIN},
    {"align-items", CSS_PLAIN}, {"align-self", CSS_PLAIN}, {"alignment-baseline", CSS_PLAIN},
    {"animation", CSS_PLAIN}, {"animation-delay", CSS_PLAIN}, {"animation-direction", CSS_PLAIN},
    {"animation-duration", CSS_PLAIN}, {"animation-fill-mode", CSS_PLAIN},
    {"animation-iteration-count", CSS_PLAIN}, {"animation-name", CSS_PLAIN},
    {"animation-play-state", CSS_PLAIN}, {"animation-timing-function", CSS_PLAIN},
    {"appearance", CSS_PLAIN}, {"aspect-ratio", CSS_PLAIN}, {"backface-visibility", CSS_PLAIN},
    {"background", CSS_IMAGE}, {"background-attachment", CSS_PLAIN},
    {"background-blend-mode", CSS_PLAIN}, {"background-clip", CSS_PLAIN},
    {"background-color", CSS_PLAIN}, {"background-image", CSS_IMAGE},
    {"background-origin", CSS_PLAIN}, {"background-position", CSS_PLAIN},
    {"background-position-x", CSS_PLAIN}, {"background-position-y", CSS_PLAIN},
    {"background-repeat", CSS_PLAIN}, {"background-size", CSS_PLAIN},
    {"baseline-shift", CSS_PLAIN}, {"block-size", CSS_PLAIN}, {"border", CSS_PLAIN},
    {"border-block", CSS_PLAIN}, {"border-bottom", CSS_PLAIN}, {"border-bottom-color", CSS_PLAIN},
    {"border-bottom-left-radius", CSS_PLAIN}, {"border-bottom-right-radius", CSS_PLAIN},
    {"border-bottom-style", CSS_PLAIN}, {"border-bottom-width", CSS_PLAIN},
    {"border-collapse", CSS_PLAIN}, {"border-color", CSS_PLAIN}, {"border-image", CSS_IMAGE},
    {"border-image-outset", CSS_PLAIN}, {"border-image-repeat", CSS_PLAIN},
    {"border-image-slice", CSS_PLAIN}, {"border-image-source", CSS_IMAGE},
    {"border-image-width", CSS_PLAIN}, {"border-inline", CSS_PLAIN}, {"border-left", CSS_PLAIN},
    {"border-left-color", CSS_PLAIN}, {"border-left-style", CSS_PLAIN},
    {"border-left-width", CSS_PLAIN}, {"border-radius", CSS_PLAIN}, {"border-right", CSS_PLAIN},
    {"border-right-color", CSS_PLAIN}, {"border-right-style", CSS_PLAIN},
    {"border-right-width", CSS_PLAIN}, {"border-spacing", CSS_PLAIN}, {"border-style", CSS_PLAIN},
    {"border-top", CSS_PLAIN}, {"border-top-color", CSS_PLAIN},
    {"border-top-left-radius", CSS_PLAIN}, {"border-top-right-radius", CSS_PLAIN},
    {"border-top-style", CSS_PLAIN}, {"border-top-width", CSS_PLAIN}, {"border-width", CSS_PLAIN},
    {"bottom", CSS_PLAIN}, {"box-decoration-break", CSS_PLAIN}, {"box-shadow", CSS_PLAIN},
    {"box-sizing", CSS_PLAIN}, {"break-after", CSS_PLAIN}, {"break-before", CSS_PLAIN},
    {"break-inside", CSS_PLAIN}, {"caption-side", CSS_PLAIN}, {"clear", CSS_PLAIN},
    {"clip", CSS_PLAIN}, {"color", CSS_PLAIN}, {"color-adjust", CSS_PLAIN},
    {"color-scheme", CSS_PLAIN}, {"column-count", CSS_PLAIN}, {"column-fill", CSS_PLAIN},
    {"column-gap", CSS_PLAIN}, {"column-rule", CSS_PLAIN}, {"column-rule-color", CSS_PLAIN},
    {"column-rule-style", CSS_PLAIN}, {"column-rule-width", CSS_PLAIN}, {"column-span", CSS_PLAIN},
    {"column-width", CSS_PLAIN}, {"columns", CSS_PLAIN}, {"content", CSS_CONTENT},
    {"counter-increment", CSS_PLAIN}, {"counter-reset", CSS_PLAIN}, {"counter-set", CSS_PLAIN},
    {"direction", CSS_PLAIN}, {"display", CSS_PLAIN}, {"empty-cells", CSS_PLAIN},
    {"flex", CSS_PLAIN}, {"flex-basis", CSS_PLAIN}, {"flex-direction", CSS_PLAIN},
    {"flex-flow", CSS_PLAIN}, {"flex-grow", CSS_PLAIN}, {"flex-shrink", CSS_PLAIN},
    {"flex-wrap", CSS_PLAIN}, {"float", CSS_PLAIN}, {"font", CSS_PLAIN},
    {"font-family", CSS_PLAIN}, {"font-feature-settings", CSS_PLAIN}, {"font-kerning", CSS_PLAIN},
    {"font-optical-sizing", CSS_PLAIN}, {"font-size", CSS_PLAIN}, {"font-size-adjust", CSS_PLAIN},
    {"font-stretch", CSS_PLAIN}, {"font-style", CSS_PLAIN}, {"font-synthesis", CSS_PLAIN},
    {"font-variant", CSS_PLAIN}, {"font-variant-alternates", CSS_PLAIN},
    {"font-variant-caps", CSS_PLAIN}, {"font-variant-east-asian", CSS_PLAIN},
    {"font-variant-ligatures", CSS_PLAIN}, {"font-variant-numeric", CSS_PLAIN},
    {"font-variant-position", CSS_PLAIN}, {"font-variation-settings", CSS_PLAIN},
    {"font-weight", CSS_PLAIN}, {"forced-color-adjust", CSS_PLAIN}, {"gap", CSS_PLAIN},
    {"grid", CSS_PLAIN}, {"grid-area", CSS_PLAIN}, {"grid-auto-columns", CSS_PLAIN},
    {"grid-auto-flow", CSS_PLAIN}, {"grid-auto-rows", CSS_PLAIN}, {"grid-column", CSS_PLAIN},
    {"grid-column-end", CSS_PLAIN}, {"grid-column-gap", CSS_PLAIN},
    {"grid-column-start", CSS_PLAIN}, {"grid-gap", CSS_PLAIN}, {"grid-row", CSS_PLAIN},
    {"grid-row-end", CSS_PLAIN}, {"grid-row-gap", CSS_PLAIN}, {"grid-row-start", CSS_PLAIN},
    {"grid-template", CSS_PLAIN}, {"grid-template-areas", CSS_PLAIN},
    {"grid-template-columns", CSS_PLAIN}, {"grid-template-rows", CSS_PLAIN},
    {"hanging-punctuation", CSS_PLAIN}, {"height", CSS_PLAIN}, {"hyphens", CSS_PLAIN},
    {"image-rendering", CSS_PLAIN}, {"inline-size", CSS_PLAIN}, {"isolation", CSS_PLAIN},
    {"justify-content", CSS_PLAIN}, {"justify-items", CSS_PLAIN}, {"justify-self", CSS_PLAIN},
    {"layout-grid", CSS_PLAIN}, {"layout-grid-mode", CSS_PLAIN}, {"left", CSS_PLAIN},
    {"letter-spacing", CSS_PLAIN}, {"line-break", CSS_PLAIN}, {"line-height", CSS_PLAIN},
    {"line-height-step", CSS_PLAIN}, {"list-style", CSS_IMAGE}, {"list-style-image", CSS_IMAGE},
    {"list-style-position", CSS_PLAIN}, {"list-style-type", CSS_PLAIN}, {"margin", CSS_PLAIN},
    {"margin-block", CSS_PLAIN}, {"margin-bottom", CSS_PLAIN}, {"margin-inline", CSS_PLAIN},
    {"margin-left", CSS_PLAIN}, {"margin-right", CSS_PLAIN}, {"margin-top", CSS_PLAIN},
    {"max-block-size", CSS_PLAIN}, {"max-height", CSS_PLAIN}, {"max-inline-size", CSS_PLAIN},
    {"max-width", CSS_PLAIN}, {"min-block-size", CSS_PLAIN}, {"min-height", CSS_PLAIN},
    {"min-inline-size", CSS_PLAIN}, {"min-width", CSS_PLAIN}, {"mix-blend-mode", CSS_PLAIN},
    {"object-fit", CSS_PLAIN}, {"object-position", CSS_PLAIN}, {"opacity", CSS_PLAIN},
    {"order", CSS_PLAIN}, {"orphans", CSS_PLAIN}, {"outline", CSS_PLAIN},
    {"outline-color", CSS_PLAIN}, {"outline-offset", CSS_PLAIN}, {"outline-style", CSS_PLAIN},
    {"outline-width", CSS_PLAIN}, {"overflow", CSS_PLAIN}, {"overflow-wrap", CSS_PLAIN},
    {"overflow-x", CSS_PLAIN}, {"overflow-y", CSS_PLAIN}, {"padding", CSS_PLAIN},
    {"padding-block", CSS_PLAIN}, {"padding-bottom", CSS_PLAIN}, {"padding-inline", CSS_PLAIN},
    {"padding-left", CSS_PLAIN}, {"padding-right", CSS_PLAIN}, {"padding-top", CSS_PLAIN},
    {"page", CSS_PLAIN}, {"page-break-after", CSS_PLAIN}, {"page-break-before", CSS_PLAIN},
    {"page-break-inside", CSS_PLAIN}, {"place-content", CSS_PLAIN}, {"place-items", CSS_PLAIN},
    {"place-self", CSS_PLAIN}, {"position", CSS_POSITION}, {"print-color-adjust", CSS_PLAIN},
    {"punctuation-wrap", CSS_PLAIN}, {"quotes", CSS_PLAIN}, {"resize", CSS_PLAIN},
    {"right", CSS_PLAIN}, {"row-gap", CSS_PLAIN}, {"ruby-align", CSS_PLAIN},
    {"ruby-position", CSS_PLAIN}, {"scroll-behavior", CSS_PLAIN},
    {"scrollbar-3dlight-color", CSS_PLAIN}, {"scrollbar-arrow-color", CSS_PLAIN},
    {"scrollbar-base-color", CSS_PLAIN}, {"scrollbar-darkshadow-color", CSS_PLAIN},
    {"scrollbar-face-color", CSS_PLAIN}, {"scrollbar-highlight-color", CSS_PLAIN},
    {"scrollbar-shadow-color", CSS_PLAIN}, {"scrollbar-track-color", CSS_PLAIN},
    {"supported-color-schemes", CSS_PLAIN}, {"tab-interval", CSS_PLAIN}, {"tab-size", CSS_PLAIN},
    {"table-layout", CSS_PLAIN}, {"text-align", CSS_PLAIN}, {"text-align-last", CSS_PLAIN},
    {"text-autospace", CSS_PLAIN}, {"text-combine-upright", CSS_PLAIN},
    {"text-decoration", CSS_PLAIN}, {"text-decoration-color", CSS_PLAIN},
    {"text-decoration-line", CSS_PLAIN}, {"text-decoration-skip", CSS_PLAIN},
    {"text-decoration-skip-ink", CSS_PLAIN}, {"text-decoration-style", CSS_PLAIN},
    {"text-decoration-thickness", CSS_PLAIN}, {"text-effect", CSS_PLAIN},
    {"text-emphasis", CSS_PLAIN}, {"text-emphasis-color", CSS_PLAIN},
    {"text-emphasis-position", CSS_PLAIN}, {"text-emphasis-style", CSS_PLAIN},
    {"text-fill-color", CSS_PLAIN}, {"text-indent", CSS_PLAIN}, {"text-justify", CSS_PLAIN},
    {"text-kashida-space", CSS_PLAIN}, {"text-line-through", CSS_PLAIN},
    {"text-orientation", CSS_PLAIN}, {"text-overflow", CSS_PLAIN}, {"text-rendering", CSS_PLAIN},
    {"text-shadow", CSS_PLAIN}, {"text-size-adjust", CSS_PLAIN}, {"text-transform", CSS_PLAIN},
    {"text-underline", CSS_PLAIN}, {"text-underline-offset", CSS_PLAIN},
    {"text-underline-position", CSS_PLAIN}, {"text-wrap", CSS_PLAIN}, {"top", CSS_PLAIN},
    {"transition", CSS_PLAIN}, {"transition-delay", CSS_PLAIN}, {"transition-duration", CSS_PLAIN},
    {"transition-property", CSS_PLAIN}, {"transition-timing-function", CSS_PLAIN},
    {"unicode-bidi", CSS_PLAIN}, {"user-select", CSS_PLAIN}, {"vertical-align", CSS_PLAIN},
    {"visibility", CSS_PLAIN}, {"white-space", CSS_PLAIN}, {"widows", CSS_PLAIN},
    {"width", CSS_PLAIN}, {"word-break", CSS_PLAIN}, {"word-spacing", CSS_PLAIN},
    {"word-wrap", CSS_PLAIN}, {"writing-mode", CSS_PLAIN}, {"zoom", CSS_PLAIN},
};
/* clang-format on */

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Where a name stands, by a hash of it: each declaration looks for one. Rows and 1, or 0. */
#define INDEX_SLOTS 1024

_Static_assert(COUNT(properties) < INDEX_SLOTS / 2, "there are empty slots");

static uint16_t property_slots[INDEX_SLOTS];
static pthread_once_t property_once = PTHREAD_ONCE_INIT;

static uint16_t *property_slot(struct span name)
{
    for (size_t i = span_hash(name) >> 54;; i++) {
        uint16_t *slot = &property_slots[i % INDEX_SLOTS];
        if (*slot == 0 || span_equal(span_of(properties[*slot - 1].name), name))
            return slot;
    }
}

static void index_properties(void)
{
    for (size_t i = 0; i < COUNT(properties); i++)
        *property_slot(span_of(properties[i].name)) = (uint16_t)(i + 1);
}

enum css_property css_property_find(struct span name)
{
    /* Word's own properties: they mean nothing to anybody else, and take no URL from us. */
    if (span_starts(name, SPAN("mso-")))
        return CSS_PLAIN;
    pthread_once(&property_once, index_properties);
    uint16_t row = *property_slot(name);
    return row ? properties[row - 1].kind : CSS_NOT_ALLOWED;
}

static bool listed(struct span name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (span_equal_nocase(name, span_of(list[i])))
            return true;
    return false;
}

bool css_function_allowed(struct span name)
{
    static const char *const functions[] = {
        "rgb",
        "rgba",
        "hsl",
        "hsla",
        "hwb",
        "lab",
        "lch",
        "oklab",
        "oklch",
        "color",
        "light-dark",
        "calc",
        "min",
        "max",
        "clamp",
        "minmax",
        "fit-content",
        "repeat",
        "rect",
        "counter",
        "counters",
        "cubic-bezier",
        "steps",
        "linear-gradient",
        "radial-gradient",
        "conic-gradient",
        "repeating-linear-gradient",
        "repeating-radial-gradient",
        "repeating-conic-gradient",
        "-webkit-linear-gradient",
        "-webkit-radial-gradient",
        "-webkit-gradient",
        "-moz-linear-gradient",
        "-moz-radial-gradient",
        "-ms-linear-gradient",
        "-o-linear-gradient",
        "from",
        "to",
        "color-stop",
    };
    return listed(name, functions, COUNT(functions));
}

enum css_pseudo css_pseudo_find(struct span name)
{
    static const char *const selectors[] = {"not", "is",          "where",   "matches",
                                            "any", "-webkit-any", "-moz-any"};
    static const char *const words[] = {"nth-child",        "nth-last-child", "nth-of-type",
                                        "nth-last-of-type", "lang",           "dir"};
    if (listed(name, selectors, COUNT(selectors)))
        return CSS_PSEUDO_SELECTORS;
    return listed(name, words, COUNT(words)) ? CSS_PSEUDO_WORDS : CSS_PSEUDO_NONE;
}
