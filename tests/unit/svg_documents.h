/*
 * Hostile SVG documents: every way of one to refer to something outside. Each has its left half red
 * and must come out so, nothing more, or be refused.
 */
#ifndef TESTS_SVG_DOCUMENTS_H
#define TESTS_SVG_DOCUMENTS_H

#include <stdbool.h>

#define SVG_NS "xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'"
#define SVG_BODY(body)                                                                             \
    "<svg " SVG_NS " width='8' height='4'>" body "<rect width='4' height='4' fill='red'/></svg>"
#define SVG_TARGET "<rect x='4' width='4' height='4' "
#define SVG_WEB    "http://127.0.0.1:9"

struct svg_reference {
    const char *name;
    const char *document;
    bool may_be_refused;
    bool embedded; /* a picture of a type for which gdk-pixbuf looks for a loader */
};

static const struct svg_reference svg_references[] = {
    {"doctype", "<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' '" SVG_WEB "/a.dtd'>" SVG_BODY("")},
    {"doctype-file", "<!DOCTYPE svg SYSTEM 'file:///etc/hostname'>" SVG_BODY("")},
    {"entity-web",
     "<!DOCTYPE svg [<!ENTITY x SYSTEM '" SVG_WEB "/e'>]>" SVG_BODY("<text>&x;</text>"), true},
    {"entity-file",
     "<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>" SVG_BODY("<text>&x;</text>"),
     true},
    {"entity-parameter", "<!DOCTYPE svg [<!ENTITY % p SYSTEM '" SVG_WEB "/p'> %p;]>" SVG_BODY(""),
     true},
    {"entity-attribute",
     "<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>" SVG_BODY("<g id='&x;'/>"), true},
    {"stylesheet-instruction",
     "<?xml-stylesheet href='" SVG_WEB "/a.css' type='text/css'?>" SVG_BODY("")},
    {"stylesheet-instruction-file",
     "<?xml-stylesheet href='file:///etc/hostname' type='text/css'?>" SVG_BODY("")},
    {"import", SVG_BODY("<style>@import url(" SVG_WEB "/a.css);</style>")},
    {"import-file", SVG_BODY("<style>@import 'file:///etc/hostname';</style>")},
    {"font-face", SVG_BODY("<style>@font-face{font-family:x;src:url(" SVG_WEB "/f)}</style>"
                           "<text font-family='x' y='4'>x</text>")},
    {"include", SVG_BODY("<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' "
                         "href='file:///etc/hostname' parse='text'/>")},
    {"include-web", SVG_BODY("<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' "
                             "href='" SVG_WEB "/a.svg'/>")},
    {"image", SVG_BODY("<image x='4' width='4' height='4' xlink:href='" SVG_WEB "/a.png'/>")},
    {"image-2", SVG_BODY("<image x='4' width='4' height='4' href='" SVG_WEB "/a.png'/>")},
    {"image-file",
     SVG_BODY("<image x='4' width='4' height='4' href='file:///usr/share/pixmaps/a.png'/>")},
    {"image-relative", SVG_BODY("<image x='4' width='4' height='4' href='../a.png'/>")},
    {"image-no-scheme", SVG_BODY("<image x='4' width='4' height='4' href='//127.0.0.1:9/a'/>")},
    {"image-path", SVG_BODY("<image x='4' width='4' height='4' href='/etc/hostname'/>")},
    {"image-base",
     SVG_BODY("<g xml:base='" SVG_WEB "'><image x='4' width='4' height='4' href='a.png'/></g>")},
    {"image-resource", SVG_BODY("<image width='4' height='4' href='resource:///org/a.png'/>")},
    {"image-svg-in-data",
     SVG_BODY("<image x='4' width='4' height='4' href=\"data:image/svg+xml,%3Csvg "
              "xmlns='http://www.w3.org/2000/svg'%3E%3Cimage href='" SVG_WEB "/a' width='4' "
              "height='4'/%3E%3C/svg%3E\"/>"),
     .embedded = true},
    {"use", SVG_BODY("<use xlink:href='" SVG_WEB "/a.svg#a'/>")},
    {"use-file", SVG_BODY("<use href='file:///etc/hostname#a'/>")},
    {"use-data", SVG_BODY("<use href=\"data:image/svg+xml,%3Csvg "
                          "xmlns='http://www.w3.org/2000/svg'%3E%3Cimage id='a' href='" SVG_WEB
                          "/a' width='4' height='4'/%3E%3C/svg%3E#a\"/>")},
    {"fe-image", SVG_BODY("<filter id='f'><feImage xlink:href='" SVG_WEB
                          "/a.png'/></filter>" SVG_TARGET "filter='url(#f)'/>")},
    {"filter", SVG_BODY("<g filter='url(" SVG_WEB "/a.svg#f)'/>")},
    {"pattern",
     SVG_BODY("<pattern id='p' xlink:href='" SVG_WEB "/a.svg#p'/>" SVG_TARGET "fill='url(#p)'/>")},
    {"gradient", SVG_BODY("<linearGradient id='g' xlink:href='file:///a.svg#g'/>" SVG_TARGET
                          "fill='url(#g)'/>")},
    {"paint", SVG_BODY(SVG_TARGET "fill='url(" SVG_WEB "/a.svg#g) none'/>")},
    {"mask", SVG_BODY("<g mask='url(" SVG_WEB "/a.svg#m)'/>")},
    {"clip", SVG_BODY("<g clip-path='url(file:///a.svg#c)'/>")},
    {"marker", SVG_BODY("<path d='M5 0h1' marker-end='url(" SVG_WEB "/a.svg#m)'/>")},
    {"text-path", SVG_BODY("<text><textPath href='" SVG_WEB "/a.svg#t'>x</textPath></text>")},
    {"tref", SVG_BODY("<text><tref xlink:href='" SVG_WEB "/a.svg#t'/></text>")},
    {"script", SVG_BODY("<script href='" SVG_WEB "/a.js'/><script>alert(1)</script>")},
    {"foreign",
     SVG_BODY("<foreignObject x='4' width='4' height='4'><iframe "
              "xmlns='http://www.w3.org/1999/xhtml' src='" SVG_WEB "/'/></foreignObject>")},
    {"cursor",
     SVG_BODY("<g cursor='url(" SVG_WEB "/a.cur)' style='background:url(" SVG_WEB "/b)'/>")},
    {"profile", SVG_BODY("<color-profile name='p' xlink:href='" SVG_WEB "/a.icc'/>" SVG_TARGET
                         "fill='none' color-profile='p'/>")},
};

#define SVG_REFERENCES (sizeof(svg_references) / sizeof(svg_references[0]))

#endif
