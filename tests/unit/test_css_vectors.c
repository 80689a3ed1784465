/* Vectors G and the one of F that is CSS: v072 to v090. */
#include "vectors.h"

#define STYLE .kind = VECTOR_STYLE
#define SHEET .kind = VECTOR_SHEET

static const struct vector vectors[] = {
    {"v072 behavior", "behavior:url(#default#VML);mso-x:url(http://t/);color:red", "color:red",
     STYLE},
    {"v073 background layers",
     "background-image:url(http://t/a),URL( 'http://t/b' ) , url(http://t/c)",
     "background-image:url({http://t/a}),url({http://t/b}),url({http://t/c})", STYLE},
    {"v073 background", "background:#fff url(\"http://t/a\") no-repeat 0 0",
     "background:#fff url({http://t/a}) no-repeat 0 0", STYLE},
    {"v074 list-style", "list-style:url(http://t/a);list-style-image:url(http://t/b)",
     "list-style:url({http://t/a});list-style-image:url({http://t/b})", STYLE},
    {"v074 content", "p::before{content:url(http://t/c)}", "p::before{content:url({http://t/c})}",
     SHEET},
    {"v074 border-image",
     "border-image:url(http://t/d) 30 round;border-image-source:url(http://t/e)",
     "border-image:url({http://t/d}) 30 round;border-image-source:url({http://t/e})", STYLE},
    {"v074 border-image of old names",
     "-webkit-border-image:url(http://t/a) 30 round;-moz-border-image:url(http://t/b) 30",
     "-webkit-border-image:url({http://t/a}) 30 round;-moz-border-image:url({http://t/b}) 30",
     STYLE},
    {"v075 other properties",
     "cursor:url(http://t/),auto;mask:url(http://t/);mask-image:url(http://t/);"
     "-webkit-mask-box-image:url(http://t/);filter:url(http://t/#f);backdrop-filter:url(http://t/);"
     "clip-path:url(http://t/);shape-outside:url(http://t/);offset-path:url(http://t/);"
     "-webkit-box-reflect:below 0 url(http://t/);fill:url(http://t/);stroke:url(http://t/);"
     "marker:url(http://t/);marker-end:url(http://t/);color:red",
     "color:red", STYLE},
    {"v075 where no image goes", "color:url(http://t/);width:url(http://t/)", "", STYLE},
    {"v076 image-set", "background:image-set(\"http://t/\" 1x)", "", STYLE},
    {"v076 -webkit-image-set", "background:-webkit-image-set(url(http://t/) 1x);color:red",
     "color:red", STYLE},
    {"v077 image", "background:image(\"http://t/\")", "", STYLE},
    {"v077 cross-fade", "background:cross-fade(url(http://t/),url(http://u/))", "", STYLE},
    {"v077 src, element, paint",
     "background:src(\"http://t/\");background:element(#x);background:paint(x)", "", STYLE},
    {"v077 attr", "content:attr(x url);background:attr(data-x type(<url>))", "", STYLE},
    {"v078 custom properties",
     "--x:url(http://t/);background:var(--x);color:var(--a,var(--b,url(http://t/)));top:0", "top:0",
     STYLE},
    {"v079 import",
     "@import 'http://t/';@import url(http://t/) layer(x);@import url(http://t/) supports(x:y);"
     "@IMPORT\"http://t/\";p{top:0}@import url(http://t/)",
     "p{top:0}", SHEET},
    {"v080 font-face", "@font-face{font-family:x;src:url(http://t/)}p{top:0}", "p{top:0}", SHEET},
    {"v080 font-face in media", "@media all{@font-face{src:url(http://t/)}p{top:0}}",
     "@media all{p{top:0}}", SHEET},
    {"v081 other at-rules",
     "@counter-style x{symbols:url(http://t/)}@property --x{initial-value:url(http://t/)}"
     "@document url(http://t/){p{top:0}}@namespace url(http://t/);@page{@top-left{content:"
     "url(http://t/)}}p{top:0}",
     "p{top:0}", SHEET},
    {"v082 escapes", "background:\\75 \\72 \\6C (http://t/a);background:u\\rl(http://t/b)",
     "background:url({http://t/a});background:url({http://t/b})", STYLE},
    {"v082 escapes, six digits", "background:\\000075\\000072\\00006C(http://t/a)",
     "background:url({http://t/a})", STYLE},
    {"v082 escapes with a line end", "background:\\75\r\n\\72\r\n\\6c\r\n(http://t/a)",
     "background:url({http://t/a})", STYLE},
    {"v082 escapes in names", "b\\61 ckground:url(h\\74tp://t/)", "background:url({http://t/})",
     STYLE},
    {"v082 escape at the end", "background:url(http://t/\\", "background:url({http://t/%EF%BF%BD})",
     STYLE},
    {"v083 comments", "background:u/**/rl(http://t/);color/**/:/*;*/red/*", "color:red", STYLE},
    {"v083 comment before the parenthesis", "background:url/**/(http://t/)", "", STYLE},
    {"v083 CDO, CDC", "<!-- p{background:url(http://t/)} -->", "p{background:url({http://t/})}",
     SHEET},
    {"v083 comment in a string in a comment", "/* b { content: \"*/* {background:url(http://t/)}",
     "*{background:url({http://t/})}", SHEET},
    {"v084 unclosed url", "p{background:url(http://t/a", "p{background:url({http://t/a})}", SHEET},
    {"v084 unclosed string", "background:url('http://t/'", "", STYLE},
    {"v084 unclosed function", "color:rgb(1,2", "", STYLE},
    {"v084 bad string", "background:url(\"http://t/\n);color:red", "color:red", STYLE},
    {"v084 bad url", "background:url(http://t/ x);color:red", "color:red", STYLE},
    {"v084 unclosed block", "@media x{p{color:red", "@media x{p{color:red}}", SHEET},
    {"v085 code",
     "width:expression(alert(1));behavior:url(http://t/);-ms-behavior:url(http://t/);"
     "-moz-binding:url(http://t/);-o-link:'http://t/';filter:progid:DXImageTransform.Microsoft."
     "AlphaImageLoader(src='http://t/');filter:progid:DXImageTransform.Microsoft.ICMFilter("
     "colorSpace='http://t/');color:red",
     "color:red", STYLE},
    {"v086 aural and unknown",
     "cue-before:url(http://t/);cue-after:url(http://t/);play-during:url(http://t/);"
     "not-yet-known:url(http://t/);color:new-function(http://t/)",
     "", STYLE},
    {"v087 references in the attribute",
     "<p style='background:url&#40;http://t/&rpar;;color:r&#101d'>x",
     "<p style=\"background:url({http://t/});color:red\">x"},
    {"v087 references without an end",
     "<p style='background:u&#114l(http://t/a)'><p style='background:&#117;rl&lpar;http://t/b)'>",
     "<p style=\"background:url({http://t/a})\"><p style=\"background:url({http://t/b})\">"},
    {"v087 decoded once", "<p style='content:\"&amp;quot;;background:url(//t/)\"'>x", "<p>x"},
    {"v087 an escape decoded twice", "content:\"\\0026quot;; background:url(//t/)\"", "", STYLE},
    {"v088 end of style in a string", "<style>p{content:\"</style><img src=http://t/>\"}</style>x",
     "<style>p{content:\"\"}</style><img src=\"{http://t/}\">\"}x"},
    {"v088 less-than in a string", "p{content:\"\\3C/style>\"}p{top:0}", "p{top:0}", SHEET},
    {"v088 less-than in a name", ".\\3C \\/style\\3E{top:0}", ".\\3C \\/style\\3E {top:0}", SHEET},
    {"v088 charset, source map", "@charset \"x\";p{top:0}/*# sourceMappingURL=http://t/ */",
     "p{top:0}", SHEET},
    {"v089 conditional loads",
     "@media (min-width:1px){p{background:url(http://t/a)}}a:hover{background:url(http://t/b)}"
     "[x^=\"y\"]{background:url(http://t/c)}@keyframes k{from{background:url(http://t/d)}}",
     "@media (min-width:1px){p{background:url({http://t/a})}}a:hover{background:url({http://t/b})}"
     "[x^=\"y\"]{background:url({http://t/c})}@keyframes k{from{background:url({http://t/d})}}",
     SHEET},
    {"v089 has, container, lazy fonts",
     "p:has(a){background:url(http://t/)}@container (x){p{background:url(http://t/)}}"
     "@font-face{font-family:f;unicode-range:U+41;src:url(http://t/)}q{top:0}",
     "q{top:0}", SHEET},
    {"v090 layer, scope",
     "@layer x{p{background:url(http://t/)}}@layer a,b;@scope (a){p{background:url(http://t/)}}"
     "q{top:0}",
     "q{top:0}", SHEET},
    {"v090 nested rules", "p{color:red;&:hover{background:url(http://t/)}top:0}", "p{color:red}",
     SHEET},
};

int main(void)
{
    return VECTORS_MAIN(vectors, 72, 90);
}
