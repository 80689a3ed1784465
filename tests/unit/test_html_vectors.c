/* Vectors A to C: images, links and what stands in the head (v001 to v041). */
#include "vectors.h"

#define REL   VECTOR_REL
#define DNS   VECTOR_DNS
#define METAS VECTOR_METAS

static const struct vector vectors[] = {
    /* ---- A. images and backgrounds ---- */
    {"v001 img src", "<img src=http://t/>", "<img src=\"{http://t/}\">"},
    {"v002 srcset", "<img srcset=\",,,,,http://t/a 1x, http://t/b,c 2x\">",
     "<img srcset=\"{http://t/a} 1x, {http://t/b,c} 2x\">"},
    {"v002 srcset with data", "<img srcset='data:image/gif;base64,R0lGOA== 1x,http://t/b 2x'>",
     "<img srcset=\"data:image/gif;base64,R0lGOA== 1x, {http://t/b} 2x\">"},
    {"v002 srcset, commas that end", "<img srcset='http://t/a,, http://t/b,'>",
     "<img srcset=\"{http://t/a}, {http://t/b}\">"},
    {"v002 srcset, width and height", "<img srcset='http://t/a, http://t/b 100w 50h'>",
     "<img srcset=\"{http://t/a}, {http://t/b} 100w\">"},
    {"v002 srcset, bad descriptors", "<img srcset='http://t/a 1q, http://t/b 1x (,) , http://t/c'>",
     "<img srcset=\"{http://t/c}\">"},
    {"v002 srcset, nothing left", "<img srcset='ftp://t/a 1x'>", "<img>"},
    {"v003 picture",
     "<picture><source srcset='http://t/a' media='(min-width: 1px)' type=image/webp sizes=100vw>"
     "<img src=http://t/b></picture>",
     "<picture><source srcset=\"{http://t/a}\" media=\"(min-width: 1px)\" type=\"image/webp\" "
     "sizes=\"100vw\"><img src=\"{http://t/b}\"></picture>"},
    {"v003 source without srcset", "<picture><source src=http://t/a><img src=http://t/b></picture>",
     "<picture><img src=\"{http://t/b}\"></picture>"},
    {"v004 image src", "<image src=http://t/a>", "<img src=\"{http://t/a}\">"},
    {"v004 image href", "<IMAGE href=http://t/b alt=x>", "<img src=\"{http://t/b}\" alt=\"x\">"},
    {"v004 image, both", "<image href=http://t/b src=http://t/a>", "<img src=\"{http://t/a}\">"},
    {"v005 input image", "a<input type=image src=http://t/>b", "ab"},
    {"v006 lowsrc, dynsrc", "<img lowsrc=http://t/ dynsrc=http://t/>", "<img>"},
    {"v007 longdesc, usemap", "<img longdesc=http://t/ usemap=http://t/#x>", "<img>"},
    {"v007 usemap here", "<img usemap=#m>", "<img usemap=\"#m\">"},
    {"v008 background",
     "<body background=http://t/1><table background=http://t/2><tr background=http://t/3>"
     "<td background=http://t/4><th background=http://t/5>",
     "<body background=\"{http://t/1}\"><table background=\"{http://t/2}\"><tr "
     "background=\"{http://t/3}\"><td background=\"{http://t/4}\"><th "
     "background=\"{http://t/5}\">"},
    {"v008 background elsewhere",
     "<table><col background=http://t/><thead background=http://t/><tbody background=http://t/>"
     "<tfoot background=http://t/></table><div background=http://t/><p background=http://t/>",
     "<table><col><thead><tbody><tfoot></table><div><p>"},
    {"v009 background copied into CSS",
     "<body background='data:image/png,x);background:url(//evil'>x", "<body>x"},
    {"v009 background, base64",
     "<body background='data:image/png;base64,x);background:url(//evil'>x", "<body>x"},
    {"v010 attributionsrc",
     "<img attributionsrc=http://t/ src=http://t/i><a attributionsrc=http://t/>x</a>"
     "<script attributionsrc=http://t/></script>",
     "<img src=\"{http://t/i}\"><a>x</a>"},
    {"v011 cid", "<img src=cid:foo@bar.example>", "<img src=\"cid:foo@bar.example\">"},
    {"v011 cid that could be syntax", "<img src='cid:a\"b(c);d'>",
     "<img src=\"cid:a%22b%28c%29%3Bd\">"},
    {"v012 data", "<img src='DATA:image/PNG;base64, iVBO\n Rw0K '>",
     "<img src=\"data:image/png;base64,iVBORw0K\">"},
    {"v012 data, jpeg and webp",
     "<img src='data:image/jpeg;base64,/9j/'><img src='data:image/webp;base64,UklG'>",
     "<img src=\"data:image/jpeg;base64,/9j/\"><img src=\"data:image/webp;base64,UklG\">"},
    {"v012 data, padding", "<img src='data:image/gif;base64,R0lGOA'>",
     "<img src=\"data:image/gif;base64,R0lGOA==\">"},
    {"v012 data that is not base64",
     "<img src='data:image/gif;base64,R0l*GOA'><img src='data:image/gif,GIF89a'>", "<img><img>"},
    {"v013 data svg", "<img src='data:image/svg+xml;base64,PHN2Zz4='>", "<img>"},
    {"v013 data svg, not base64", "<img src='data:image/svg+xml,<svg/>'>", "<img>"},
    {"v013 data svg, split",
     "<img src='data:image/s vg+xml;base64,PHN2Zz4='>"
     "<img src='data:image/s&#10;vg+xml;base64,PHN2Zz4='>",
     "<img><img>"},
    {"v014 data documents",
     "<img src='data:text/html,<img src=http://t/>'><img src='data:text/css,@import \"//t\"'>"
     "<img src='data:application/xhtml+xml;base64,PGE+'>",
     "<img><img><img>"},
    {"v015 data attributes",
     "<img data-src=http://t/ data-original=http://t/ data-srcset=http://t/ data-bg=http://t/ "
     "data-imagetype=External originalsrc=http://t/>",
     "<img>"},
    {"v016 src anywhere", "<figure src=http://t/>x</figure><any src=http://t/>y</any>",
     "<figure>x</figure>y"},
    {"v017 how it loads",
     "<img src=http://t/ crossorigin referrerpolicy=no-referrer loading=lazy fetchpriority=low "
     "decoding=async>",
     "<img src=\"{http://t/}\" referrerpolicy=\"no-referrer\" loading=\"lazy\" "
     "fetchpriority=\"low\" decoding=\"async\">"},
    {"v018 handlers", "<p onclick=x() ONMOUSEOVER='y()'><img src=cid:x onerror=z()>",
     "<p><img src=\"cid:x\">"},

    /* ---- B. links and navigation ---- */
    {"v019 a", "<a href=http://t/?a=1&b=2 target=x rel=opener>x</a>",
     DNS "<a href=\"http://t/?a=1&amp;b=2\" target=\"_blank\"" REL ">x</a>"},
    {"v019 area", "<map name=m><area href=https://t/ shape=rect coords=0,0,1,1></map>",
     "<map name=\"m\">" DNS "<area href=\"https://t/\" shape=\"rect\" coords=\"0,0,1,1\"" REL
     "></map>"},
    {"v020 no DNS prefetch", "<html><head><title>a&lt;b</title></head><body>x</body></html>",
     "<html><head>" METAS "<title>a&lt;b</title></head><body>x</body></html>"},
    {"v020 no DNS prefetch, no head", "<html> <body>x", "<html> " METAS "<body>x"},
    {"v020 DNS prefetch asked for",
     "<head><meta http-equiv=x-dns-prefetch-control content=on></head>", "<head>" METAS "</head>"},
    {"v020 no DNS prefetch in a fragment",
     "<p>x<a href=mailto:a@b>1</a><a href=//t/>2</a><a href=//t/>3</a>",
     "<p>x<a href=\"mailto:a@b\">1</a>" DNS "<a href=\"https://t/\"" REL ">2</a><a "
     "href=\"https://t/\"" REL ">3</a>"},
    {"v020 no DNS prefetch, late html", "<a href=http://t/>x</a><html>y",
     DNS "<a href=\"http://t/\"" REL ">x</a><html>" METAS "y"},
    {"v021 ping", "<a href=http://t/ ping=http://p/>x</a><area ping=http://p/>",
     DNS "<a href=\"http://t/\"" REL ">x</a><area>"},
    {"v022 schemes that are no links",
     "<a href=javascript:x>1</a><a href=vbscript:x>2</a><a href='data:text/html,x'>3</a>"
     "<a href=mailbox:///x>4</a><a href=moz-icon://x>5</a><a href=view-source:http://t/>6</a>",
     "<a>1</a><a>2</a><a>3</a><a>4</a><a>5</a><a>6</a>"},
    {"v022 schemes, disguised",
     "<a href='&#x6a avascript:x'>1</a><a href='java\nscript:x'>2</a><a href='\x01JavaScript:x'>3"
     "</a><a href='&#106;avascript&colon;x'>4</a>",
     "<a>1</a><a>2</a><a>3</a><a>4</a>"},
    {"v023 file", "<a href=file://h/s>1</a><a href=file:///x>2</a>", "<a>1</a><a>2</a>"},
    {"v023 share", "<a href='\\\\host\\share'>x</a>",
     DNS "<a href=\"https://host/share\"" REL ">x</a>"},
    {"v024 mailto", "<a href='MAILTO:a@b?subject=x&attach=/etc/passwd&cc=z'>x</a>",
     "<a href=\"mailto:a@b?subject=x&amp;cc=z\">x</a>"},
    {"v036 meta, a setting that calls", "<meta name=viewport content='x url(ht/:/t'>x", "x"},
    {"v036 meta, a setting that is a share", "<meta name=viewport content='\\\\\\\\t\\\\x'>x", "x"},
    {"v024 mailto, before the query", "<a href='mailto:a@b&attach=/x?subject=y'>x</a>",
     "<a href=\"mailto:a@b?subject=y\">x</a>"},
    {"v024 mailto, in the address", "<a href='mailto:a@b%3BAttach=/x;c@d?subject=y'>x</a>",
     "<a href=\"mailto:a@b?subject=y\">x</a>"},
    {"v024 mailto, to two", "<a href='mailto:a@b;attachments@c'>x</a>",
     "<a href=\"mailto:a@b;attachments@c\">x</a>"},
    {"v024 mailto, behind codes", "<a href='mailto:a@b?cc=c%26attach=/x&subject=y'>x</a>",
     "<a href=\"mailto:a@b?subject=y\">x</a>"},
    {"v024 mailto, an address with an ampersand", "<a href='mailto:a&b@c?subject=y?z'>x</a>",
     "<a href=\"mailto:a&amp;b@c?subject=y?z\">x</a>"},
    {"v024 mailto, disguised", "<a href='mailto:a@b?Att%61chment=/etc/passwd&body=y'>x</a>",
     "<a href=\"mailto:a@b?body=y\">x</a>"},
    {"v025 relative link", "<a href=/admin?delete>x</a><a href=x>y</a>", "<a>x</a><a>y</a>"},
    {"v025 relative image", "<img src=/admin?delete><img src=x.png><img src=''>",
     "<img><img><img>"},
    {"v025 what stays here", "<a href=#top>y</a><a href=tel:+491>z</a>",
     "<a href=\"#top\">y</a><a href=\"tel:+491\">z</a>"},
    {"v026 forms",
     "<form action=http://t/>a<button formaction=http://t/>b</button>"
     "<isindex src=http://t/ action=http://t/></form>",
     "ab"},

    /* ---- C. the head ---- */
    {"v027 style sheets",
     "<link rel=stylesheet href=http://t/><link rel='alternate stylesheet' href=http://t/>"
     "<link rel=stylesheet href=cid:x>x",
     "x"},
    {"v028 dns-prefetch, preconnect",
     "<link rel='dns-prefetch' href=//t><link rel=preconnect "
     "href=http://t/>x",
     "x"},
    {"v029 prefetch and its kin",
     "<link rel=prefetch href=http://t/><link rel=preload as=image imagesrcset=http://t/>"
     "<link rel=modulepreload href=http://t/><link rel=prerender href=http://t/>"
     "<link rel=subresource href=http://t/><link rel=import href=http://t/><link rel=expect "
     "href=#x><link rel=compression-dictionary href=http://t/>x",
     "x"},
    {"v030 icons",
     "<link rel='shortcut icon' href=http://t/><link rel=apple-touch-icon-precomposed "
     "href=http://t/><link rel=apple-touch-startup-image href=http://t/><link rel=mask-icon "
     "href=http://t/>x",
     "x"},
    {"v031 any other link",
     "<link rel=alternate type=application/rss+xml href=http://t/><link rel=search href=http://t/>"
     "<link rel=manifest href=http://t/><link rel=pingback href=http://t/><link rel=P3Pv1 "
     "href=http://t/><link rel=File-List href=http://t/><link rel=unheard-of href=http://t/>x",
     "x"},
    {"v032 base", "<base href=http://t/d/><img src=a.png><a href=b>x</a>",
     "<img src=\"{http://t/d/a.png}\">" DNS "<a href=\"http://t/d/b\"" REL ">x</a>"},
    {"v032 base, the first counts",
     "<base target=x><base href=http://t/d/><img src=a.png><base href=http://u/><img src=b.png>",
     "<img src=\"{http://t/d/a.png}\"><img src=\"{http://t/d/b.png}\">"},
    {"v032 base behind what it is for",
     "<p style='background:url(a)'><img src=b><a href=c>x</a><base href=http://t/>",
     "<p style=\"background:url({http://t/a})\"><img src=\"{http://t/b}\">" DNS "<a "
     "href=\"http://t/c\"" REL ">x</a>"},
    {"v032 base that is none",
     "<!-- <base href=http://a/> --><script>'<base href=http://b/>'</script><p title='<base "
     "href=http://c/>'><svg><base href=http://d/></svg><style><base href=http://e/></style>"
     "<img src=x>",
     "<p title=\"&lt;base href=http://c/&gt;\"><img>"},
    {"v032 base, relative itself", "<base href=e/><img src=a>", "<img src=\"{http://t/d/e/a}\">",
     .base = "http://t/d/"},
    {"v032 base nobody can use", "<base href=javascript:x><base href=http://u/><img src=a>",
     "<img src=\"{http://t/d/a}\">", .base = "http://t/d/"},
    {"v033 refresh", "<meta http-equiv=refresh content='0;url=http://t/'>x", "x"},
    {"v034 content security policy",
     "<meta http-equiv=Content-Security-Policy content='report-uri http://t/'>"
     "<meta http-equiv=Content-Security-Policy-Report-Only content='report-uri http://t/'>x",
     "x"},
    {"v035 other http-equiv",
     "<meta http-equiv=set-cookie content=a=b><meta http-equiv=link content='<http://t/>;rel=icon'>"
     "<meta http-equiv=origin-trial content=x><meta http-equiv=delegate-ch content=x>"
     "<meta http-equiv=accept-ch content=x><meta http-equiv=default-style content=x>x",
     "x"},
    {"v036 meta with a URL",
     "<meta name=msapplication-TileImage content=http://t/><meta name=og:image content=http://t/>"
     "<meta name=al:web:url content=http://t/><meta name=copyright content='<img src=http://t/>'>x",
     "x"},
    {"v036 meta for the layout",
     "<meta name=viewport content='width=device-width'><meta name=color-scheme content=dark>"
     "<meta name=supported-color-schemes content='light dark'><meta name=format-detection "
     "content='telephone=no'><meta name=x-apple-disable-message-reformatting content=x>",
     "<meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" "
     "content=\"dark\"><meta name=\"supported-color-schemes\" content=\"light dark\"><meta "
     "name=\"format-detection\" content=\"telephone=no\"><meta "
     "name=\"x-apple-disable-message-reformatting\" content=\"x\">"},
    {"v037 charset",
     "<head><meta charset=utf-7><meta http-equiv=content-type "
     "content='text/html;charset=utf-7'>",
     "<head>" METAS},
    {"v038 manifest, profile", "<html manifest=http://t/><head profile=http://t/>",
     "<html><head>" METAS},
    {"v039 doctype", "<!DOCTYPE html SYSTEM \"http://t/\">x", "<!DOCTYPE html>x"},
    {"v039 doctype, strict", "<!doctype HTML PUBLIC '-//W3C//DTD HTML 4.01//EN' 'http://t/'>x",
     "<!DOCTYPE html>x"},
    {"v039 doctype, quirks", "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2//EN\">x", "x"},
    {"v039 doctype, late", "x<!DOCTYPE html>y", "xy"},
    {"v040 processing instructions",
     "<?xml version=1.0?><?xml-stylesheet href=\"http://t/\"?><?import implementation=http://t/?>x",
     "x"},
    {"v041 data for machines",
     "<script type=speculationrules>{\"urls\":[\"http://t/\"]}</script><script type=importmap>{}"
     "</script><script type=application/ld+json>{\"image\":\"http://t/\"}</script>"
     "<meta itemprop=image content=http://t/><link itemprop=url href=http://t/>x",
     "x"},
};

int main(void)
{
    return VECTORS_MAIN(vectors, 1, 41);
}
