/* Vectors D, E, F and H: what is embedded, other namespaces, Microsoft's, and syntax (v042 to v071,
 * v091 to v102). */
#include "vectors.h"

#define REL VECTOR_REL

static const struct vector embedded[] = {
    /* ---- D. active and embedded ---- */
    {"v042 script", "a<script src=http://t/>x<img src=http://t/></script>b", "ab"},
    {"v042 script in script", "<sc<script></script>ript>alert(1)</script>b", "ript&gt;alert(1)b"},
    {"v042 script, hidden end", "a<script><!--<script></script>x--></script>b", "ab"},
    {"v043 noscript", "a<noscript><img src=http://t/></noscript>b", "a<img src=\"{http://t/}\">b"},
    {"v043 noscript in an attribute", "<noscript><p title=\"</noscript><img src=http://t/>\">x",
     "<p title=\"&lt;/noscript&gt;&lt;img src=http://t/&gt;\">x"},
    {"v044 iframe", "a<iframe src=http://t/><img src=http://t/></iframe>b", "ab"},
    {"v045 iframe srcdoc", "a<iframe srcdoc=\"<img src=http://t/>\"></iframe>b", "ab"},
    {"v046 iframe, other schemes",
     "a<iframe src='data:text/html,<img src=http://t/>'></iframe><iframe "
     "src='view-source:http://t/'></iframe><iframe src=javascript:x></iframe>b",
     "ab"},
    {"v047 frames", "<frameset><frame src=http://t/></frameset>x", "x"},
    {"v048 object",
     "<object data=http://t/ classid=http://t/ codebase=http://t/ archive=http://t/><param "
     "name=src "
     "value=http://t/><param name=movie value=http://t/>see</object>",
     "see"},
    {"v048 object's fallback", "<object data=http://t/><img src=http://t/i></object>",
     "<img src=\"{http://t/i}\">"},
    {"v049 embed", "a<embed src=http://t/ code=http://t/ pluginspage=http://t/>b", "ab"},
    {"v050 applet", "a<applet code=http://t/ codebase=http://t/ archive=http://t/>b</applet>c",
     "abc"},
    {"v051 video",
     "<video src=http://t/ autoplay><source src=http://t/><track src=http://t/>text</video>",
     "text"},
    {"v052 poster", "<video poster=http://t/>text</video>", "text"},
    {"v053 audio", "<audio src=http://t/ preload=auto></audio><bgsound src=http://t/>x", "x"},
    {"v054 frames of another name",
     "<portal src=http://t/></portal><fencedframe src=http://t/></fencedframe><model "
     "src=http://t/></model><webview src=http://t/></webview><controlledframe "
     "src=http://t/></controlledframe>x",
     "x"},
    {"v055 menuitem, command", "<menuitem icon=http://t/><command icon=http://t/>x", "x"},
    {"v056 xml, layer, datasrc",
     "<xml src=http://t/></xml><import src=http://t/><layer src=http://t/>x</layer>"
     "<ilayer src=http://t/>y</ilayer><p datasrc=http://t/ datafld=z>",
     "xy<p>"},
    {"v057 unknown elements", "<o:p>a</o:p><x-html>b</x-html><st1:place>c</st1:place>", "abc"},
    {"v058 template, slot",
     "<template shadowrootmode=open><img src=http://t/>a</template><slot>b</slot>",
     "<img src=\"{http://t/}\">ab"},
    {"v059 textarea", "<textarea><img src=http://t/></textarea>a", "&lt;img src=http://t/&gt;a"},
    {"v059 xmp", "<xmp><b>&amp;</xmp>a", "&lt;b&gt;&amp;amp;a"},
    {"v059 plaintext", "a<plaintext><img src=http://t/></plaintext>",
     "a&lt;img src=http://t/&gt;&lt;/plaintext&gt;"},
    {"v059 listing", "<listing>a<img src=http://t/></listing>b", "a<img src=\"{http://t/}\">b"},
    /* Never shown by a client of this century: as text it would appear out of nowhere. */
    {"v059 noembed, noframes",
     "<noembed><img src=http://t/></noembed>a<noframes><img src=http://t/></noframes>b", "ab"},
    {"v059 title", "<title><img src=http://t/></title>b",
     "<title>&lt;img src=http://t/&gt;</title>b"},
    {"v059 title in the body", "a<title><img src=http://t/></title>b", "ab"},

    /* ---- E. svg and math ---- */
    {"v060 svg image", "a<svg><image href=http://t/ xlink:href=http://t/ /></svg>b", "ab"},
    {"v061 feImage", "a<svg><filter><feImage href=http://t/ /></filter></svg>b", "ab"},
    {"v062 use, script, a",
     "a<svg><use href=http://t/ /><use href='data:image/svg+xml,x'/><script href=http://t/ />"
     "<a xlink:href=http://t/>x</a></svg>b",
     "ab"},
    {"v063 presentation",
     "a<svg><rect fill='url(http://t/)' stroke='url(http://t/' mask='url(http://t/' "
     "filter='url(http://t/)' clip-path='url(http://t/)' cursor='url(http://t/)' "
     "marker-end='url(http://t/)'/></svg>b",
     "ab"},
    {"v064 animations",
     "a<svg><image><animate attributeName='xlink:href' to=http://t/ /><set attributeName='href ' "
     "to=http://t/ /><animateColor attributeName=fill by='url(http://t/)'/><animateTransform "
     "attributeName=style values='filter:url(http://t/)'/></image></svg>b",
     "ab"},
    {"v065 svg style, foreignObject",
     "a<svg><style>@import 'http://t/'</style><foreignObject><p>x</p></foreignObject>"
     "<font-face-uri xlink:href=http://t/ /><pattern href=http://t/ xml:base=http://t/ /></svg>b",
     "ab"},
    {"v065 svg in svg", "a<svg><g><svg></svg></g><title>x</title></svg>b", "ab"},
    {"v065 svg, broken out of", "a<svg><g><p>b</p></svg>c", "a<p>b</p>c"},
    {"v065 svg, never closed", "a<svg><circle>b<i>c</i>", "a<i>c</i>"},
    {"v065 svg, closed by its parent", "<div>a<svg><g></div>b<svg/>c", "<div>a</div>bc"},
    {"v066 math",
     "a<math href=http://t/ altimg=http://t/><mglyph src=http://t/><annotation-xml "
     "encoding=text/html><img src=http://t/></annotation-xml></math>b",
     "ab"},
    {"v067 cdata in svg", "a<svg><![CDATA[</svg><img src=http://t/>]]></svg>b", "ab"},
    {"v067 cdata in html", "a<![CDATA[<img src=http://t/>]]>b", "a]]&gt;b"},

    /* ---- F. Microsoft, Word, VML ---- */
    {"v068 conditional comment",
     "a<!--[if mso]><link href=http://t/><img src=http://t/><![endif]-->b", "ab"},
    {"v069 VML",
     "a<v:rect><v:fill src=http://t/><v:imagedata src=http://t/ o:href=http://t/ r:href=http://t/ "
     "/>"
     "<v:image src=http://t/><v:stroke src=http://t/><vmlframe src=http://t/></v:rect>b",
     "ab"},
    {"v070 revealed, downlevel", "<![if !mso]>a<![endif]>", "a"},
    {"v071 revealed", "<!--[if !mso]><!-->a<!--<![endif]-->", "a"},

    /* ---- H. URL and tag syntax ---- */
    {"v091 without a scheme", "<img src=//t/a><img src='\\\\t/b'>",
     "<img src=\"{https://t/a}\"><img src=\"{https://t/b}\">"},
    {"v092 relative to the part", "<img src=a.png><img src=//u/x><img src=/r>",
     "<img src=\"{http://t/d/a.png}\"><img src=\"{http://u/x}\"><img src=\"{http://t/r}\">",
     .base = "http://t/d/e"},
    {"v093 blanks and line ends",
     "<img src=' \x01 ht\nt\tp://t/a '><img src='http&colon;//t/&Tab;b&NewLine;'>",
     "<img src=\"{http://t/a}\"><img src=\"{http://t/b}\">"},
    {"v094 slashes", "<img src='http:\\\\t\\x'><img src=http:/t/y><img src=https:t>",
     "<img src=\"{http://t/x}\"><img src=\"{http://t/y}\"><img src=\"{https://t/}\">"},
    {"v094 slashes, mixed", "<img src='/\\t/x'><img src='\\/t/x'>",
     "<img src=\"{https://t/x}\"><img src=\"{https://t/x}\">"},
    {"v095 disguised schemes",
     "<img src=HtTp://T/A><img src='&#104;ttp://t/b'><img src='&#x68ttp://t/c'>",
     "<img src=\"{http://t/A}\"><img src=\"{http://t/b}\"><img src=\"{http://t/c}\">"},
    {"v096 hosts of all kinds",
     "<img src=http://u:p@t:81/a%20b#f><img src='http://[::1]/'><img src=http://b%C3%BCcher.de/>",
     "<img src=\"{http://t:81/a%20b}\"><img src=\"{http://[::1]/}\"><img "
     "src=\"{http://xn--bcher-kva.de/}\">"},
    {"v097 schemes that are no images",
     "<img src=ftp://t/><img src=blob:x><img src=filesystem:http://t/><img src=about:blank>"
     "<img src=feed:http://t/><img src=jar:http://t/!/><img src=mhtml:http://t/><img src=res://t/>"
     "<img src=chrome://t/><img src=resource://x/><img src=imap://x/><img src=mailbox://x>"
     "<img src=news:x><img src=mid:x><img src=ws://t/><img src=moz-icon://x>",
     "<img><img><img><img><img><img><img><img><img><img><img><img><img><img><img><img>"},
    {"v098 attributes twice", "<img src=cid:a src=http://t/>", "<img src=\"cid:a\">"},
    {"v098 slashes and backticks", "<img/src=`http://t/`/alt=x><img/alt=y/src=http://t/>",
     "<img><img alt=\"y/src=http://t/\">"},
    {"v098 names with '<' and nul", "<img <src=http://t/ s<rc=x sr\xEF\xBF\xBD=x src=http://t/>",
     "<img src=\"{http://t/}\">"},
    {"v098 spelling", "<IMG SRC=http://t/ ALT=A><P/>x", "<img src=\"{http://t/}\" alt=\"A\"><p>x"},
    {"v099 end in a tag", "a<img src=\"http://t/", "a"},
    {"v099 end in a tag, text follows", "a<img src=\"http://t/ <p>secret</p>", "a"},
    {"v099 end in an attribute", "a<img alt=x src=http://t/", "a"},
    {"v099 end in a comment", "a<!-- b", "a"},
    {"v100 comments", "a<!-->b<!--->c<!-- x --!>d<!x>e</ x>f<?x>g<!--<!-- -->h", "abcdefgh"},
    {"v101 deep", "<b><b><b><b><b><b>x", "<b><b><b><b><b><b>x"},
    {"v102 tags in attributes", "<img alt='<img src=http://t/>' title=\"a&quot;b\">",
     "<img alt=\"&lt;img src=http://t/&gt;\" title=\"a&quot;b\">"},
};

int main(void)
{
    for (unsigned number = 91; number <= 102; number++)
        must(vector_known(embedded, sizeof(embedded) / sizeof(embedded[0]), number));
    return VECTORS_MAIN(embedded, 42, 71);
}
