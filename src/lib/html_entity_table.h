/*
 * The named character references, sorted by name; made by html_entity_table.py, not by hand,
 * and one file, though long, as it is one table.
 * Names stand one after another in html_entity_names, with their ';' where they have one.
 */
#ifndef LIB_HTML_ENTITY_TABLE_H
#define LIB_HTML_ENTITY_TABLE_H

#include <stdint.h>

struct html_entity_row {
    uint16_t name_at;
    uint8_t name_len;
    char text[7]; /* UTF-8, terminated: no two code points need more than six bytes */
};

/* clang-format off */
static const char html_entity_names[] =
    "AEligAElig;AMPAMP;AacuteAacute;Abreve;AcircAcirc;Acy;Afr;AgraveAgrave;Alpha;Amacr;And;Aogon;"
    "Aopf;ApplyFunction;AringAring;Ascr;Assign;AtildeAtilde;AumlAuml;Backslash;Barv;Barwed;Bcy;Be"
    "cause;Bernoullis;Beta;Bfr;Bopf;Breve;Bscr;Bumpeq;CHcy;COPYCOPY;Cacute;Cap;CapitalDifferentia"
    "lD;Cayleys;Ccaron;CcedilCcedil;Ccirc;Cconint;Cdot;Cedilla;CenterDot;Cfr;Chi;CircleDot;Circle"
    "Minus;CirclePlus;CircleTimes;ClockwiseContourIntegral;CloseCurlyDoubleQuote;CloseCurlyQuote;"
    "Colon;Colone;Congruent;Conint;ContourIntegral;Copf;Coproduct;CounterClockwiseContourIntegral"
    ";Cross;Cscr;Cup;CupCap;DD;DDotrahd;DJcy;DScy;DZcy;Dagger;Darr;Dashv;Dcaron;Dcy;Del;Delta;Dfr"
    ";DiacriticalAcute;DiacriticalDot;DiacriticalDoubleAcute;DiacriticalGrave;DiacriticalTilde;Di"
    "amond;DifferentialD;Dopf;Dot;DotDot;DotEqual;DoubleContourIntegral;DoubleDot;DoubleDownArrow"
    ";DoubleLeftArrow;DoubleLeftRightArrow;DoubleLeftTee;DoubleLongLeftArrow;DoubleLongLeftRightA"
    "rrow;DoubleLongRightArrow;DoubleRightArrow;DoubleRightTee;DoubleUpArrow;DoubleUpDownArrow;Do"
    "ubleVerticalBar;DownArrow;DownArrowBar;DownArrowUpArrow;DownBreve;DownLeftRightVector;DownLe"
    "ftTeeVector;DownLeftVector;DownLeftVectorBar;DownRightTeeVector;DownRightVector;DownRightVec"
    "torBar;DownTee;DownTeeArrow;Downarrow;Dscr;Dstrok;ENG;ETHETH;EacuteEacute;Ecaron;EcircEcirc;"
    "Ecy;Edot;Efr;EgraveEgrave;Element;Emacr;EmptySmallSquare;EmptyVerySmallSquare;Eogon;Eopf;Eps"
    "ilon;Equal;EqualTilde;Equilibrium;Escr;Esim;Eta;EumlEuml;Exists;ExponentialE;Fcy;Ffr;FilledS"
    "mallSquare;FilledVerySmallSquare;Fopf;ForAll;Fouriertrf;Fscr;GJcy;GTGT;Gamma;Gammad;Gbreve;G"
    "cedil;Gcirc;Gcy;Gdot;Gfr;Gg;Gopf;GreaterEqual;GreaterEqualLess;GreaterFullEqual;GreaterGreat"
    "er;GreaterLess;GreaterSlantEqual;GreaterTilde;Gscr;Gt;HARDcy;Hacek;Hat;Hcirc;Hfr;HilbertSpac"
    "e;Hopf;HorizontalLine;Hscr;Hstrok;HumpDownHump;HumpEqual;IEcy;IJlig;IOcy;IacuteIacute;IcircI"
    "circ;Icy;Idot;Ifr;IgraveIgrave;Im;Imacr;ImaginaryI;Implies;Int;Integral;Intersection;Invisib"
    "leComma;InvisibleTimes;Iogon;Iopf;Iota;Iscr;Itilde;Iukcy;IumlIuml;Jcirc;Jcy;Jfr;Jopf;Jscr;Js"
    "ercy;Jukcy;KHcy;KJcy;Kappa;Kcedil;Kcy;Kfr;Kopf;Kscr;LJcy;LTLT;Lacute;Lambda;Lang;Laplacetrf;"
    "Larr;Lcaron;Lcedil;Lcy;LeftAngleBracket;LeftArrow;LeftArrowBar;LeftArrowRightArrow;LeftCeili"
    "ng;LeftDoubleBracket;LeftDownTeeVector;LeftDownVector;LeftDownVectorBar;LeftFloor;LeftRightA"
    "rrow;LeftRightVector;LeftTee;LeftTeeArrow;LeftTeeVector;LeftTriangle;LeftTriangleBar;LeftTri"
    "angleEqual;LeftUpDownVector;LeftUpTeeVector;LeftUpVector;LeftUpVectorBar;LeftVector;LeftVect"
    "orBar;Leftarrow;Leftrightarrow;LessEqualGreater;LessFullEqual;LessGreater;LessLess;LessSlant"
    "Equal;LessTilde;Lfr;Ll;Lleftarrow;Lmidot;LongLeftArrow;LongLeftRightArrow;LongRightArrow;Lon"
    "gleftarrow;Longleftrightarrow;Longrightarrow;Lopf;LowerLeftArrow;LowerRightArrow;Lscr;Lsh;Ls"
    "trok;Lt;Map;Mcy;MediumSpace;Mellintrf;Mfr;MinusPlus;Mopf;Mscr;Mu;NJcy;Nacute;Ncaron;Ncedil;N"
    "cy;NegativeMediumSpace;NegativeThickSpace;NegativeThinSpace;NegativeVeryThinSpace;NestedGrea"
    "terGreater;NestedLessLess;NewLine;Nfr;NoBreak;NonBreakingSpace;Nopf;Not;NotCongruent;NotCupC"
    "ap;NotDoubleVerticalBar;NotElement;NotEqual;NotEqualTilde;NotExists;NotGreater;NotGreaterEqu"
    "al;NotGreaterFullEqual;NotGreaterGreater;NotGreaterLess;NotGreaterSlantEqual;NotGreaterTilde"
    ";NotHumpDownHump;NotHumpEqual;NotLeftTriangle;NotLeftTriangleBar;NotLeftTriangleEqual;NotLes"
    "s;NotLessEqual;NotLessGreater;NotLessLess;NotLessSlantEqual;NotLessTilde;NotNestedGreaterGre"
    "ater;NotNestedLessLess;NotPrecedes;NotPrecedesEqual;NotPrecedesSlantEqual;NotReverseElement;"
    "NotRightTriangle;NotRightTriangleBar;NotRightTriangleEqual;NotSquareSubset;NotSquareSubsetEq"
    "ual;NotSquareSuperset;NotSquareSupersetEqual;NotSubset;NotSubsetEqual;NotSucceeds;NotSucceed"
    "sEqual;NotSucceedsSlantEqual;NotSucceedsTilde;NotSuperset;NotSupersetEqual;NotTilde;NotTilde"
    "Equal;NotTildeFullEqual;NotTildeTilde;NotVerticalBar;Nscr;NtildeNtilde;Nu;OElig;OacuteOacute"
    ";OcircOcirc;Ocy;Odblac;Ofr;OgraveOgrave;Omacr;Omega;Omicron;Oopf;OpenCurlyDoubleQuote;OpenCu"
    "rlyQuote;Or;Oscr;OslashOslash;OtildeOtilde;Otimes;OumlOuml;OverBar;OverBrace;OverBracket;Ove"
    "rParenthesis;PartialD;Pcy;Pfr;Phi;Pi;PlusMinus;Poincareplane;Popf;Pr;Precedes;PrecedesEqual;"
    "PrecedesSlantEqual;PrecedesTilde;Prime;Product;Proportion;Proportional;Pscr;Psi;QUOTQUOT;Qfr"
    ";Qopf;Qscr;RBarr;REGREG;Racute;Rang;Rarr;Rarrtl;Rcaron;Rcedil;Rcy;Re;ReverseElement;ReverseE"
    "quilibrium;ReverseUpEquilibrium;Rfr;Rho;RightAngleBracket;RightArrow;RightArrowBar;RightArro"
    "wLeftArrow;RightCeiling;RightDoubleBracket;RightDownTeeVector;RightDownVector;RightDownVecto"
    "rBar;RightFloor;RightTee;RightTeeArrow;RightTeeVector;RightTriangle;RightTriangleBar;RightTr"
    "iangleEqual;RightUpDownVector;RightUpTeeVector;RightUpVector;RightUpVectorBar;RightVector;Ri"
    "ghtVectorBar;Rightarrow;Ropf;RoundImplies;Rrightarrow;Rscr;Rsh;RuleDelayed;SHCHcy;SHcy;SOFTc"
    "y;Sacute;Sc;Scaron;Scedil;Scirc;Scy;Sfr;ShortDownArrow;ShortLeftArrow;ShortRightArrow;ShortU"
    "pArrow;Sigma;SmallCircle;Sopf;Sqrt;Square;SquareIntersection;SquareSubset;SquareSubsetEqual;"
    "SquareSuperset;SquareSupersetEqual;SquareUnion;Sscr;Star;Sub;Subset;SubsetEqual;Succeeds;Suc"
    "ceedsEqual;SucceedsSlantEqual;SucceedsTilde;SuchThat;Sum;Sup;Superset;SupersetEqual;Supset;T"
    "HORNTHORN;TRADE;TSHcy;TScy;Tab;Tau;Tcaron;Tcedil;Tcy;Tfr;Therefore;Theta;ThickSpace;ThinSpac"
    "e;Tilde;TildeEqual;TildeFullEqual;TildeTilde;Topf;TripleDot;Tscr;Tstrok;UacuteUacute;Uarr;Ua"
    "rrocir;Ubrcy;Ubreve;UcircUcirc;Ucy;Udblac;Ufr;UgraveUgrave;Umacr;UnderBar;UnderBrace;UnderBr"
    "acket;UnderParenthesis;Union;UnionPlus;Uogon;Uopf;UpArrow;UpArrowBar;UpArrowDownArrow;UpDown"
    "Arrow;UpEquilibrium;UpTee;UpTeeArrow;Uparrow;Updownarrow;UpperLeftArrow;UpperRightArrow;Upsi"
    ";Upsilon;Uring;Uscr;Utilde;UumlUuml;VDash;Vbar;Vcy;Vdash;Vdashl;Vee;Verbar;Vert;VerticalBar;"
    "VerticalLine;VerticalSeparator;VerticalTilde;VeryThinSpace;Vfr;Vopf;Vscr;Vvdash;Wcirc;Wedge;"
    "Wfr;Wopf;Wscr;Xfr;Xi;Xopf;Xscr;YAcy;YIcy;YUcy;YacuteYacute;Ycirc;Ycy;Yfr;Yopf;Yscr;Yuml;ZHcy"
    ";Zacute;Zcaron;Zcy;Zdot;ZeroWidthSpace;Zeta;Zfr;Zopf;Zscr;aacuteaacute;abreve;ac;acE;acd;aci"
    "rcacirc;acuteacute;acy;aeligaelig;af;afr;agraveagrave;alefsym;aleph;alpha;amacr;amalg;ampamp"
    ";and;andand;andd;andslope;andv;ang;ange;angle;angmsd;angmsdaa;angmsdab;angmsdac;angmsdad;ang"
    "msdae;angmsdaf;angmsdag;angmsdah;angrt;angrtvb;angrtvbd;angsph;angst;angzarr;aogon;aopf;ap;a"
    "pE;apacir;ape;apid;apos;approx;approxeq;aringaring;ascr;ast;asymp;asympeq;atildeatilde;aumla"
    "uml;awconint;awint;bNot;backcong;backepsilon;backprime;backsim;backsimeq;barvee;barwed;barwe"
    "dge;bbrk;bbrktbrk;bcong;bcy;bdquo;becaus;because;bemptyv;bepsi;bernou;beta;beth;between;bfr;"
    "bigcap;bigcirc;bigcup;bigodot;bigoplus;bigotimes;bigsqcup;bigstar;bigtriangledown;bigtriangl"
    "eup;biguplus;bigvee;bigwedge;bkarow;blacklozenge;blacksquare;blacktriangle;blacktriangledown"
    ";blacktriangleleft;blacktriangleright;blank;blk12;blk14;blk34;block;bne;bnequiv;bnot;bopf;bo"
    "t;bottom;bowtie;boxDL;boxDR;boxDl;boxDr;boxH;boxHD;boxHU;boxHd;boxHu;boxUL;boxUR;boxUl;boxUr"
    ";boxV;boxVH;boxVL;boxVR;boxVh;boxVl;boxVr;boxbox;boxdL;boxdR;boxdl;boxdr;boxh;boxhD;boxhU;bo"
    "xhd;boxhu;boxminus;boxplus;boxtimes;boxuL;boxuR;boxul;boxur;boxv;boxvH;boxvL;boxvR;boxvh;box"
    "vl;boxvr;bprime;breve;brvbarbrvbar;bscr;bsemi;bsim;bsime;bsol;bsolb;bsolhsub;bull;bullet;bum"
    "p;bumpE;bumpe;bumpeq;cacute;cap;capand;capbrcup;capcap;capcup;capdot;caps;caret;caron;ccaps;"
    "ccaron;ccedilccedil;ccirc;ccups;ccupssm;cdot;cedilcedil;cemptyv;centcent;centerdot;cfr;chcy;"
    "check;checkmark;chi;cir;cirE;circ;circeq;circlearrowleft;circlearrowright;circledR;circledS;"
    "circledast;circledcirc;circleddash;cire;cirfnint;cirmid;cirscir;clubs;clubsuit;colon;colone;"
    "coloneq;comma;commat;comp;compfn;complement;complexes;cong;congdot;conint;copf;coprod;copyco"
    "py;copysr;crarr;cross;cscr;csub;csube;csup;csupe;ctdot;cudarrl;cudarrr;cuepr;cuesc;cularr;cu"
    "larrp;cup;cupbrcap;cupcap;cupcup;cupdot;cupor;cups;curarr;curarrm;curlyeqprec;curlyeqsucc;cu"
    "rlyvee;curlywedge;currencurren;curvearrowleft;curvearrowright;cuvee;cuwed;cwconint;cwint;cyl"
    "cty;dArr;dHar;dagger;daleth;darr;dash;dashv;dbkarow;dblac;dcaron;dcy;dd;ddagger;ddarr;ddotse"
    "q;degdeg;delta;demptyv;dfisht;dfr;dharl;dharr;diam;diamond;diamondsuit;diams;die;digamma;dis"
    "in;div;dividedivide;divideontimes;divonx;djcy;dlcorn;dlcrop;dollar;dopf;dot;doteq;doteqdot;d"
    "otminus;dotplus;dotsquare;doublebarwedge;downarrow;downdownarrows;downharpoonleft;downharpoo"
    "nright;drbkarow;drcorn;drcrop;dscr;dscy;dsol;dstrok;dtdot;dtri;dtrif;duarr;duhar;dwangle;dzc"
    "y;dzigrarr;eDDot;eDot;eacuteeacute;easter;ecaron;ecir;ecircecirc;ecolon;ecy;edot;ee;efDot;ef"
    "r;eg;egraveegrave;egs;egsdot;el;elinters;ell;els;elsdot;emacr;empty;emptyset;emptyv;emsp13;e"
    "msp14;emsp;eng;ensp;eogon;eopf;epar;eparsl;eplus;epsi;epsilon;epsiv;eqcirc;eqcolon;eqsim;eqs"
    "lantgtr;eqslantless;equals;equest;equiv;equivDD;eqvparsl;erDot;erarr;escr;esdot;esim;eta;eth"
    "eth;eumleuml;euro;excl;exist;expectation;exponentiale;fallingdotseq;fcy;female;ffilig;fflig;"
    "ffllig;ffr;filig;fjlig;flat;fllig;fltns;fnof;fopf;forall;fork;forkv;fpartint;frac12frac12;fr"
    "ac13;frac14frac14;frac15;frac16;frac18;frac23;frac25;frac34frac34;frac35;frac38;frac45;frac5"
    "6;frac58;frac78;frasl;frown;fscr;gE;gEl;gacute;gamma;gammad;gap;gbreve;gcirc;gcy;gdot;ge;gel"
    ";geq;geqq;geqslant;ges;gescc;gesdot;gesdoto;gesdotol;gesl;gesles;gfr;gg;ggg;gimel;gjcy;gl;gl"
    "E;gla;glj;gnE;gnap;gnapprox;gne;gneq;gneqq;gnsim;gopf;grave;gscr;gsim;gsime;gsiml;gtgt;gtcc;"
    "gtcir;gtdot;gtlPar;gtquest;gtrapprox;gtrarr;gtrdot;gtreqless;gtreqqless;gtrless;gtrsim;gvert"
    "neqq;gvnE;hArr;hairsp;half;hamilt;hardcy;harr;harrcir;harrw;hbar;hcirc;hearts;heartsuit;hell"
    "ip;hercon;hfr;hksearow;hkswarow;hoarr;homtht;hookleftarrow;hookrightarrow;hopf;horbar;hscr;h"
    "slash;hstrok;hybull;hyphen;iacuteiacute;ic;icircicirc;icy;iecy;iexcliexcl;iff;ifr;igraveigra"
    "ve;ii;iiiint;iiint;iinfin;iiota;ijlig;imacr;image;imagline;imagpart;imath;imof;imped;in;inca"
    "re;infin;infintie;inodot;int;intcal;integers;intercal;intlarhk;intprod;iocy;iogon;iopf;iota;"
    "iprod;iquestiquest;iscr;isin;isinE;isindot;isins;isinsv;isinv;it;itilde;iukcy;iumliuml;jcirc"
    ";jcy;jfr;jmath;jopf;jscr;jsercy;jukcy;kappa;kappav;kcedil;kcy;kfr;kgreen;khcy;kjcy;kopf;kscr"
    ";lAarr;lArr;lAtail;lBarr;lE;lEg;lHar;lacute;laemptyv;lagran;lambda;lang;langd;langle;lap;laq"
    "uolaquo;larr;larrb;larrbfs;larrfs;larrhk;larrlp;larrpl;larrsim;larrtl;lat;latail;late;lates;"
    "lbarr;lbbrk;lbrace;lbrack;lbrke;lbrksld;lbrkslu;lcaron;lcedil;lceil;lcub;lcy;ldca;ldquo;ldqu"
    "or;ldrdhar;ldrushar;ldsh;le;leftarrow;leftarrowtail;leftharpoondown;leftharpoonup;leftleftar"
    "rows;leftrightarrow;leftrightarrows;leftrightharpoons;leftrightsquigarrow;leftthreetimes;leg"
    ";leq;leqq;leqslant;les;lescc;lesdot;lesdoto;lesdotor;lesg;lesges;lessapprox;lessdot;lesseqgt"
    "r;lesseqqgtr;lessgtr;lesssim;lfisht;lfloor;lfr;lg;lgE;lhard;lharu;lharul;lhblk;ljcy;ll;llarr"
    ";llcorner;llhard;lltri;lmidot;lmoust;lmoustache;lnE;lnap;lnapprox;lne;lneq;lneqq;lnsim;loang"
    ";loarr;lobrk;longleftarrow;longleftrightarrow;longmapsto;longrightarrow;looparrowleft;loopar"
    "rowright;lopar;lopf;loplus;lotimes;lowast;lowbar;loz;lozenge;lozf;lpar;lparlt;lrarr;lrcorner"
    ";lrhar;lrhard;lrm;lrtri;lsaquo;lscr;lsh;lsim;lsime;lsimg;lsqb;lsquo;lsquor;lstrok;ltlt;ltcc;"
    "ltcir;ltdot;lthree;ltimes;ltlarr;ltquest;ltrPar;ltri;ltrie;ltrif;lurdshar;luruhar;lvertneqq;"
    "lvnE;mDDot;macrmacr;male;malt;maltese;map;mapsto;mapstodown;mapstoleft;mapstoup;marker;mcomm"
    "a;mcy;mdash;measuredangle;mfr;mho;micromicro;mid;midast;midcir;middotmiddot;minus;minusb;min"
    "usd;minusdu;mlcp;mldr;mnplus;models;mopf;mp;mscr;mstpos;mu;multimap;mumap;nGg;nGt;nGtv;nLeft"
    "arrow;nLeftrightarrow;nLl;nLt;nLtv;nRightarrow;nVDash;nVdash;nabla;nacute;nang;nap;napE;napi"
    "d;napos;napprox;natur;natural;naturals;nbspnbsp;nbump;nbumpe;ncap;ncaron;ncedil;ncong;ncongd"
    "ot;ncup;ncy;ndash;ne;neArr;nearhk;nearr;nearrow;nedot;nequiv;nesear;nesim;nexist;nexists;nfr"
    ";ngE;nge;ngeq;ngeqq;ngeqslant;nges;ngsim;ngt;ngtr;nhArr;nharr;nhpar;ni;nis;nisd;niv;njcy;nlA"
    "rr;nlE;nlarr;nldr;nle;nleftarrow;nleftrightarrow;nleq;nleqq;nleqslant;nles;nless;nlsim;nlt;n"
    "ltri;nltrie;nmid;nopf;notnot;notin;notinE;notindot;notinva;notinvb;notinvc;notni;notniva;not"
    "nivb;notnivc;npar;nparallel;nparsl;npart;npolint;npr;nprcue;npre;nprec;npreceq;nrArr;nrarr;n"
    "rarrc;nrarrw;nrightarrow;nrtri;nrtrie;nsc;nsccue;nsce;nscr;nshortmid;nshortparallel;nsim;nsi"
    "me;nsimeq;nsmid;nspar;nsqsube;nsqsupe;nsub;nsubE;nsube;nsubset;nsubseteq;nsubseteqq;nsucc;ns"
    "ucceq;nsup;nsupE;nsupe;nsupset;nsupseteq;nsupseteqq;ntgl;ntildentilde;ntlg;ntriangleleft;ntr"
    "ianglelefteq;ntriangleright;ntrianglerighteq;nu;num;numero;numsp;nvDash;nvHarr;nvap;nvdash;n"
    "vge;nvgt;nvinfin;nvlArr;nvle;nvlt;nvltrie;nvrArr;nvrtrie;nvsim;nwArr;nwarhk;nwarr;nwarrow;nw"
    "near;oS;oacuteoacute;oast;ocir;ocircocirc;ocy;odash;odblac;odiv;odot;odsold;oelig;ofcir;ofr;"
    "ogon;ograveograve;ogt;ohbar;ohm;oint;olarr;olcir;olcross;oline;olt;omacr;omega;omicron;omid;"
    "ominus;oopf;opar;operp;oplus;or;orarr;ord;order;orderof;ordfordf;ordmordm;origof;oror;orslop"
    "e;orv;oscr;oslashoslash;osol;otildeotilde;otimes;otimesas;oumlouml;ovbar;par;parapara;parall"
    "el;parsim;parsl;part;pcy;percnt;period;permil;perp;pertenk;pfr;phi;phiv;phmmat;phone;pi;pitc"
    "hfork;piv;planck;planckh;plankv;plus;plusacir;plusb;pluscir;plusdo;plusdu;pluse;plusmnplusmn"
    ";plussim;plustwo;pm;pointint;popf;poundpound;pr;prE;prap;prcue;pre;prec;precapprox;preccurly"
    "eq;preceq;precnapprox;precneqq;precnsim;precsim;prime;primes;prnE;prnap;prnsim;prod;profalar"
    ";profline;profsurf;prop;propto;prsim;prurel;pscr;psi;puncsp;qfr;qint;qopf;qprime;qscr;quater"
    "nions;quatint;quest;questeq;quotquot;rAarr;rArr;rAtail;rBarr;rHar;race;racute;radic;raemptyv"
    ";rang;rangd;range;rangle;raquoraquo;rarr;rarrap;rarrb;rarrbfs;rarrc;rarrfs;rarrhk;rarrlp;rar"
    "rpl;rarrsim;rarrtl;rarrw;ratail;ratio;rationals;rbarr;rbbrk;rbrace;rbrack;rbrke;rbrksld;rbrk"
    "slu;rcaron;rcedil;rceil;rcub;rcy;rdca;rdldhar;rdquo;rdquor;rdsh;real;realine;realpart;reals;"
    "rect;regreg;rfisht;rfloor;rfr;rhard;rharu;rharul;rho;rhov;rightarrow;rightarrowtail;righthar"
    "poondown;rightharpoonup;rightleftarrows;rightleftharpoons;rightrightarrows;rightsquigarrow;r"
    "ightthreetimes;ring;risingdotseq;rlarr;rlhar;rlm;rmoust;rmoustache;rnmid;roang;roarr;robrk;r"
    "opar;ropf;roplus;rotimes;rpar;rpargt;rppolint;rrarr;rsaquo;rscr;rsh;rsqb;rsquo;rsquor;rthree"
    ";rtimes;rtri;rtrie;rtrif;rtriltri;ruluhar;rx;sacute;sbquo;sc;scE;scap;scaron;sccue;sce;scedi"
    "l;scirc;scnE;scnap;scnsim;scpolint;scsim;scy;sdot;sdotb;sdote;seArr;searhk;searr;searrow;sec"
    "tsect;semi;seswar;setminus;setmn;sext;sfr;sfrown;sharp;shchcy;shcy;shortmid;shortparallel;sh"
    "yshy;sigma;sigmaf;sigmav;sim;simdot;sime;simeq;simg;simgE;siml;simlE;simne;simplus;simrarr;s"
    "larr;smallsetminus;smashp;smeparsl;smid;smile;smt;smte;smtes;softcy;sol;solb;solbar;sopf;spa"
    "des;spadesuit;spar;sqcap;sqcaps;sqcup;sqcups;sqsub;sqsube;sqsubset;sqsubseteq;sqsup;sqsupe;s"
    "qsupset;sqsupseteq;squ;square;squarf;squf;srarr;sscr;ssetmn;ssmile;sstarf;star;starf;straigh"
    "tepsilon;straightphi;strns;sub;subE;subdot;sube;subedot;submult;subnE;subne;subplus;subrarr;"
    "subset;subseteq;subseteqq;subsetneq;subsetneqq;subsim;subsub;subsup;succ;succapprox;succcurl"
    "yeq;succeq;succnapprox;succneqq;succnsim;succsim;sum;sung;sup1sup1;sup2sup2;sup3sup3;sup;sup"
    "E;supdot;supdsub;supe;supedot;suphsol;suphsub;suplarr;supmult;supnE;supne;supplus;supset;sup"
    "seteq;supseteqq;supsetneq;supsetneqq;supsim;supsub;supsup;swArr;swarhk;swarr;swarrow;swnwar;"
    "szligszlig;target;tau;tbrk;tcaron;tcedil;tcy;tdot;telrec;tfr;there4;therefore;theta;thetasym"
    ";thetav;thickapprox;thicksim;thinsp;thkap;thksim;thornthorn;tilde;timestimes;timesb;timesbar"
    ";timesd;tint;toea;top;topbot;topcir;topf;topfork;tosa;tprime;trade;triangle;triangledown;tri"
    "angleleft;trianglelefteq;triangleq;triangleright;trianglerighteq;tridot;trie;triminus;triplu"
    "s;trisb;tritime;trpezium;tscr;tscy;tshcy;tstrok;twixt;twoheadleftarrow;twoheadrightarrow;uAr"
    "r;uHar;uacuteuacute;uarr;ubrcy;ubreve;ucircucirc;ucy;udarr;udblac;udhar;ufisht;ufr;ugraveugr"
    "ave;uharl;uharr;uhblk;ulcorn;ulcorner;ulcrop;ultri;umacr;umluml;uogon;uopf;uparrow;updownarr"
    "ow;upharpoonleft;upharpoonright;uplus;upsi;upsih;upsilon;upuparrows;urcorn;urcorner;urcrop;u"
    "ring;urtri;uscr;utdot;utilde;utri;utrif;uuarr;uumluuml;uwangle;vArr;vBar;vBarv;vDash;vangrt;"
    "varepsilon;varkappa;varnothing;varphi;varpi;varpropto;varr;varrho;varsigma;varsubsetneq;vars"
    "ubsetneqq;varsupsetneq;varsupsetneqq;vartheta;vartriangleleft;vartriangleright;vcy;vdash;vee"
    ";veebar;veeeq;vellip;verbar;vert;vfr;vltri;vnsub;vnsup;vopf;vprop;vrtri;vscr;vsubnE;vsubne;v"
    "supnE;vsupne;vzigzag;wcirc;wedbar;wedge;wedgeq;weierp;wfr;wopf;wp;wr;wreath;wscr;xcap;xcirc;"
    "xcup;xdtri;xfr;xhArr;xharr;xi;xlArr;xlarr;xmap;xnis;xodot;xopf;xoplus;xotime;xrArr;xrarr;xsc"
    "r;xsqcup;xuplus;xutri;xvee;xwedge;yacuteyacute;yacy;ycirc;ycy;yenyen;yfr;yicy;yopf;yscr;yucy"
    ";yumlyuml;zacute;zcaron;zcy;zdot;zeetrf;zeta;zfr;zhcy;zigrarr;zopf;zscr;zwj;zwnj;";

static const struct html_entity_row html_entity_rows[] = {
    {0,5,{-61,-122}}, {5,6,{-61,-122}}, {11,3,{38}}, {14,4,{38}}, {18,6,{-61,-127}},
    {24,7,{-61,-127}}, {31,7,{-60,-126}}, {38,5,{-61,-126}}, {43,6,{-61,-126}}, {49,4,{-48,-112}},
    {53,4,{-16,-99,-108,-124}}, {57,6,{-61,-128}}, {63,7,{-61,-128}}, {70,6,{-50,-111}},
    {76,6,{-60,-128}}, {82,4,{-30,-87,-109}}, {86,6,{-60,-124}}, {92,5,{-16,-99,-108,-72}},
    {97,14,{-30,-127,-95}}, {111,5,{-61,-123}}, {116,6,{-61,-123}}, {122,5,{-16,-99,-110,-100}},
    {127,7,{-30,-119,-108}}, {134,6,{-61,-125}}, {140,7,{-61,-125}}, {147,4,{-61,-124}},
    {151,5,{-61,-124}}, {156,10,{-30,-120,-106}}, {166,5,{-30,-85,-89}}, {171,7,{-30,-116,-122}},
    {178,4,{-48,-111}}, {182,8,{-30,-120,-75}}, {190,11,{-30,-124,-84}}, {201,5,{-50,-110}},
    {206,4,{-16,-99,-108,-123}}, {210,5,{-16,-99,-108,-71}}, {215,6,{-53,-104}},
    {221,5,{-30,-124,-84}}, {226,7,{-30,-119,-114}}, {233,5,{-48,-89}}, {238,4,{-62,-87}},
    {242,5,{-62,-87}}, {247,7,{-60,-122}}, {254,4,{-30,-117,-110}}, {258,21,{-30,-123,-123}},
    {279,8,{-30,-124,-83}}, {287,7,{-60,-116}}, {294,6,{-61,-121}}, {300,7,{-61,-121}},
    {307,6,{-60,-120}}, {313,8,{-30,-120,-80}}, {321,5,{-60,-118}}, {326,8,{-62,-72}},
    {334,10,{-62,-73}}, {344,4,{-30,-124,-83}}, {348,4,{-50,-89}}, {352,10,{-30,-118,-103}},
    {362,12,{-30,-118,-106}}, {374,11,{-30,-118,-107}}, {385,12,{-30,-118,-105}},
    {397,25,{-30,-120,-78}}, {422,22,{-30,-128,-99}}, {444,16,{-30,-128,-103}},
    {460,6,{-30,-120,-73}}, {466,7,{-30,-87,-76}}, {473,10,{-30,-119,-95}},
    {483,7,{-30,-120,-81}}, {490,16,{-30,-120,-82}}, {506,5,{-30,-124,-126}},
    {511,10,{-30,-120,-112}}, {521,32,{-30,-120,-77}}, {553,6,{-30,-88,-81}},
    {559,5,{-16,-99,-110,-98}}, {564,4,{-30,-117,-109}}, {568,7,{-30,-119,-115}},
    {575,3,{-30,-123,-123}}, {578,9,{-30,-92,-111}}, {587,5,{-48,-126}}, {592,5,{-48,-123}},
    {597,5,{-48,-113}}, {602,7,{-30,-128,-95}}, {609,5,{-30,-122,-95}}, {614,6,{-30,-85,-92}},
    {620,7,{-60,-114}}, {627,4,{-48,-108}}, {631,4,{-30,-120,-121}}, {635,6,{-50,-108}},
    {641,4,{-16,-99,-108,-121}}, {645,17,{-62,-76}}, {662,15,{-53,-103}}, {677,23,{-53,-99}},
    {700,17,{96}}, {717,17,{-53,-100}}, {734,8,{-30,-117,-124}}, {742,14,{-30,-123,-122}},
    {756,5,{-16,-99,-108,-69}}, {761,4,{-62,-88}}, {765,7,{-30,-125,-100}},
    {772,9,{-30,-119,-112}}, {781,22,{-30,-120,-81}}, {803,10,{-62,-88}},
    {813,16,{-30,-121,-109}}, {829,16,{-30,-121,-112}}, {845,21,{-30,-121,-108}},
    {866,14,{-30,-85,-92}}, {880,20,{-30,-97,-72}}, {900,25,{-30,-97,-70}},
    {925,21,{-30,-97,-71}}, {946,17,{-30,-121,-110}}, {963,15,{-30,-118,-88}},
    {978,14,{-30,-121,-111}}, {992,18,{-30,-121,-107}}, {1010,18,{-30,-120,-91}},
    {1028,10,{-30,-122,-109}}, {1038,13,{-30,-92,-109}}, {1051,17,{-30,-121,-75}},
    {1068,10,{-52,-111}}, {1078,20,{-30,-91,-112}}, {1098,18,{-30,-91,-98}},
    {1116,15,{-30,-122,-67}}, {1131,18,{-30,-91,-106}}, {1149,19,{-30,-91,-97}},
    {1168,16,{-30,-121,-127}}, {1184,19,{-30,-91,-105}}, {1203,8,{-30,-118,-92}},
    {1211,13,{-30,-122,-89}}, {1224,10,{-30,-121,-109}}, {1234,5,{-16,-99,-110,-97}},
    {1239,7,{-60,-112}}, {1246,4,{-59,-118}}, {1250,3,{-61,-112}}, {1253,4,{-61,-112}},
    {1257,6,{-61,-119}}, {1263,7,{-61,-119}}, {1270,7,{-60,-102}}, {1277,5,{-61,-118}},
    {1282,6,{-61,-118}}, {1288,4,{-48,-83}}, {1292,5,{-60,-106}}, {1297,4,{-16,-99,-108,-120}},
    {1301,6,{-61,-120}}, {1307,7,{-61,-120}}, {1314,8,{-30,-120,-120}}, {1322,6,{-60,-110}},
    {1328,17,{-30,-105,-69}}, {1345,21,{-30,-106,-85}}, {1366,6,{-60,-104}},
    {1372,5,{-16,-99,-108,-68}}, {1377,8,{-50,-107}}, {1385,6,{-30,-87,-75}},
    {1391,11,{-30,-119,-126}}, {1402,12,{-30,-121,-116}}, {1414,5,{-30,-124,-80}},
    {1419,5,{-30,-87,-77}}, {1424,4,{-50,-105}}, {1428,4,{-61,-117}}, {1432,5,{-61,-117}},
    {1437,7,{-30,-120,-125}}, {1444,13,{-30,-123,-121}}, {1457,4,{-48,-92}},
    {1461,4,{-16,-99,-108,-119}}, {1465,18,{-30,-105,-68}}, {1483,22,{-30,-106,-86}},
    {1505,5,{-16,-99,-108,-67}}, {1510,7,{-30,-120,-128}}, {1517,11,{-30,-124,-79}},
    {1528,5,{-30,-124,-79}}, {1533,5,{-48,-125}}, {1538,2,{62}}, {1540,3,{62}},
    {1543,6,{-50,-109}}, {1549,7,{-49,-100}}, {1556,7,{-60,-98}}, {1563,7,{-60,-94}},
    {1570,6,{-60,-100}}, {1576,4,{-48,-109}}, {1580,5,{-60,-96}}, {1585,4,{-16,-99,-108,-118}},
    {1589,3,{-30,-117,-103}}, {1592,5,{-16,-99,-108,-66}}, {1597,13,{-30,-119,-91}},
    {1610,17,{-30,-117,-101}}, {1627,17,{-30,-119,-89}}, {1644,15,{-30,-86,-94}},
    {1659,12,{-30,-119,-73}}, {1671,18,{-30,-87,-66}}, {1689,13,{-30,-119,-77}},
    {1702,5,{-16,-99,-110,-94}}, {1707,3,{-30,-119,-85}}, {1710,7,{-48,-86}}, {1717,6,{-53,-121}},
    {1723,4,{94}}, {1727,6,{-60,-92}}, {1733,4,{-30,-124,-116}}, {1737,13,{-30,-124,-117}},
    {1750,5,{-30,-124,-115}}, {1755,15,{-30,-108,-128}}, {1770,5,{-30,-124,-117}},
    {1775,7,{-60,-90}}, {1782,13,{-30,-119,-114}}, {1795,10,{-30,-119,-113}}, {1805,5,{-48,-107}},
    {1810,6,{-60,-78}}, {1816,5,{-48,-127}}, {1821,6,{-61,-115}}, {1827,7,{-61,-115}},
    {1834,5,{-61,-114}}, {1839,6,{-61,-114}}, {1845,4,{-48,-104}}, {1849,5,{-60,-80}},
    {1854,4,{-30,-124,-111}}, {1858,6,{-61,-116}}, {1864,7,{-61,-116}}, {1871,3,{-30,-124,-111}},
    {1874,6,{-60,-86}}, {1880,11,{-30,-123,-120}}, {1891,8,{-30,-121,-110}},
    {1899,4,{-30,-120,-84}}, {1903,9,{-30,-120,-85}}, {1912,13,{-30,-117,-126}},
    {1925,15,{-30,-127,-93}}, {1940,15,{-30,-127,-94}}, {1955,6,{-60,-82}},
    {1961,5,{-16,-99,-107,-128}}, {1966,5,{-50,-103}}, {1971,5,{-30,-124,-112}},
    {1976,7,{-60,-88}}, {1983,6,{-48,-122}}, {1989,4,{-61,-113}}, {1993,5,{-61,-113}},
    {1998,6,{-60,-76}}, {2004,4,{-48,-103}}, {2008,4,{-16,-99,-108,-115}},
    {2012,5,{-16,-99,-107,-127}}, {2017,5,{-16,-99,-110,-91}}, {2022,7,{-48,-120}},
    {2029,6,{-48,-124}}, {2035,5,{-48,-91}}, {2040,5,{-48,-116}}, {2045,6,{-50,-102}},
    {2051,7,{-60,-74}}, {2058,4,{-48,-102}}, {2062,4,{-16,-99,-108,-114}},
    {2066,5,{-16,-99,-107,-126}}, {2071,5,{-16,-99,-110,-90}}, {2076,5,{-48,-119}}, {2081,2,{60}},
    {2083,3,{60}}, {2086,7,{-60,-71}}, {2093,7,{-50,-101}}, {2100,5,{-30,-97,-86}},
    {2105,11,{-30,-124,-110}}, {2116,5,{-30,-122,-98}}, {2121,7,{-60,-67}}, {2128,7,{-60,-69}},
    {2135,4,{-48,-101}}, {2139,17,{-30,-97,-88}}, {2156,10,{-30,-122,-112}},
    {2166,13,{-30,-121,-92}}, {2179,20,{-30,-121,-122}}, {2199,12,{-30,-116,-120}},
    {2211,18,{-30,-97,-90}}, {2229,18,{-30,-91,-95}}, {2247,15,{-30,-121,-125}},
    {2262,18,{-30,-91,-103}}, {2280,10,{-30,-116,-118}}, {2290,15,{-30,-122,-108}},
    {2305,16,{-30,-91,-114}}, {2321,8,{-30,-118,-93}}, {2329,13,{-30,-122,-92}},
    {2342,14,{-30,-91,-102}}, {2356,13,{-30,-118,-78}}, {2369,16,{-30,-89,-113}},
    {2385,18,{-30,-118,-76}}, {2403,17,{-30,-91,-111}}, {2420,16,{-30,-91,-96}},
    {2436,13,{-30,-122,-65}}, {2449,16,{-30,-91,-104}}, {2465,11,{-30,-122,-68}},
    {2476,14,{-30,-91,-110}}, {2490,10,{-30,-121,-112}}, {2500,15,{-30,-121,-108}},
    {2515,17,{-30,-117,-102}}, {2532,14,{-30,-119,-90}}, {2546,12,{-30,-119,-74}},
    {2558,9,{-30,-86,-95}}, {2567,15,{-30,-87,-67}}, {2582,10,{-30,-119,-78}},
    {2592,4,{-16,-99,-108,-113}}, {2596,3,{-30,-117,-104}}, {2599,11,{-30,-121,-102}},
    {2610,7,{-60,-65}}, {2617,14,{-30,-97,-75}}, {2631,19,{-30,-97,-73}}, {2650,15,{-30,-97,-74}},
    {2665,14,{-30,-97,-72}}, {2679,19,{-30,-97,-70}}, {2698,15,{-30,-97,-71}},
    {2713,5,{-16,-99,-107,-125}}, {2718,15,{-30,-122,-103}}, {2733,16,{-30,-122,-104}},
    {2749,5,{-30,-124,-110}}, {2754,4,{-30,-122,-80}}, {2758,7,{-59,-127}},
    {2765,3,{-30,-119,-86}}, {2768,4,{-30,-92,-123}}, {2772,4,{-48,-100}},
    {2776,12,{-30,-127,-97}}, {2788,10,{-30,-124,-77}}, {2798,4,{-16,-99,-108,-112}},
    {2802,10,{-30,-120,-109}}, {2812,5,{-16,-99,-107,-124}}, {2817,5,{-30,-124,-77}},
    {2822,3,{-50,-100}}, {2825,5,{-48,-118}}, {2830,7,{-59,-125}}, {2837,7,{-59,-121}},
    {2844,7,{-59,-123}}, {2851,4,{-48,-99}}, {2855,20,{-30,-128,-117}}, {2875,19,{-30,-128,-117}},
    {2894,18,{-30,-128,-117}}, {2912,22,{-30,-128,-117}}, {2934,21,{-30,-119,-85}},
    {2955,15,{-30,-119,-86}}, {2970,8,{10}}, {2978,4,{-16,-99,-108,-111}},
    {2982,8,{-30,-127,-96}}, {2990,17,{-62,-96}}, {3007,5,{-30,-124,-107}},
    {3012,4,{-30,-85,-84}}, {3016,13,{-30,-119,-94}}, {3029,10,{-30,-119,-83}},
    {3039,21,{-30,-120,-90}}, {3060,11,{-30,-120,-119}}, {3071,9,{-30,-119,-96}},
    {3080,14,{-30,-119,-126,-52,-72}}, {3094,10,{-30,-120,-124}}, {3104,11,{-30,-119,-81}},
    {3115,16,{-30,-119,-79}}, {3131,20,{-30,-119,-89,-52,-72}}, {3151,18,{-30,-119,-85,-52,-72}},
    {3169,15,{-30,-119,-71}}, {3184,21,{-30,-87,-66,-52,-72}}, {3205,16,{-30,-119,-75}},
    {3221,16,{-30,-119,-114,-52,-72}}, {3237,13,{-30,-119,-113,-52,-72}},
    {3250,16,{-30,-117,-86}}, {3266,19,{-30,-89,-113,-52,-72}}, {3285,21,{-30,-117,-84}},
    {3306,8,{-30,-119,-82}}, {3314,13,{-30,-119,-80}}, {3327,15,{-30,-119,-72}},
    {3342,12,{-30,-119,-86,-52,-72}}, {3354,18,{-30,-87,-67,-52,-72}}, {3372,13,{-30,-119,-76}},
    {3385,24,{-30,-86,-94,-52,-72}}, {3409,18,{-30,-86,-95,-52,-72}}, {3427,12,{-30,-118,-128}},
    {3439,17,{-30,-86,-81,-52,-72}}, {3456,22,{-30,-117,-96}}, {3478,18,{-30,-120,-116}},
    {3496,17,{-30,-117,-85}}, {3513,20,{-30,-89,-112,-52,-72}}, {3533,22,{-30,-117,-83}},
    {3555,16,{-30,-118,-113,-52,-72}}, {3571,21,{-30,-117,-94}},
    {3592,18,{-30,-118,-112,-52,-72}}, {3610,23,{-30,-117,-93}},
    {3633,10,{-30,-118,-126,-30,-125,-110}}, {3643,15,{-30,-118,-120}}, {3658,12,{-30,-118,-127}},
    {3670,17,{-30,-86,-80,-52,-72}}, {3687,22,{-30,-117,-95}}, {3709,17,{-30,-119,-65,-52,-72}},
    {3726,12,{-30,-118,-125,-30,-125,-110}}, {3738,17,{-30,-118,-119}}, {3755,9,{-30,-119,-127}},
    {3764,14,{-30,-119,-124}}, {3778,18,{-30,-119,-121}}, {3796,14,{-30,-119,-119}},
    {3810,15,{-30,-120,-92}}, {3825,5,{-16,-99,-110,-87}}, {3830,6,{-61,-111}},
    {3836,7,{-61,-111}}, {3843,3,{-50,-99}}, {3846,6,{-59,-110}}, {3852,6,{-61,-109}},
    {3858,7,{-61,-109}}, {3865,5,{-61,-108}}, {3870,6,{-61,-108}}, {3876,4,{-48,-98}},
    {3880,7,{-59,-112}}, {3887,4,{-16,-99,-108,-110}}, {3891,6,{-61,-110}}, {3897,7,{-61,-110}},
    {3904,6,{-59,-116}}, {3910,6,{-50,-87}}, {3916,8,{-50,-97}}, {3924,5,{-16,-99,-107,-122}},
    {3929,21,{-30,-128,-100}}, {3950,15,{-30,-128,-104}}, {3965,3,{-30,-87,-108}},
    {3968,5,{-16,-99,-110,-86}}, {3973,6,{-61,-104}}, {3979,7,{-61,-104}}, {3986,6,{-61,-107}},
    {3992,7,{-61,-107}}, {3999,7,{-30,-88,-73}}, {4006,4,{-61,-106}}, {4010,5,{-61,-106}},
    {4015,8,{-30,-128,-66}}, {4023,10,{-30,-113,-98}}, {4033,12,{-30,-114,-76}},
    {4045,16,{-30,-113,-100}}, {4061,9,{-30,-120,-126}}, {4070,4,{-48,-97}},
    {4074,4,{-16,-99,-108,-109}}, {4078,4,{-50,-90}}, {4082,3,{-50,-96}}, {4085,10,{-62,-79}},
    {4095,14,{-30,-124,-116}}, {4109,5,{-30,-124,-103}}, {4114,3,{-30,-86,-69}},
    {4117,9,{-30,-119,-70}}, {4126,14,{-30,-86,-81}}, {4140,19,{-30,-119,-68}},
    {4159,14,{-30,-119,-66}}, {4173,6,{-30,-128,-77}}, {4179,8,{-30,-120,-113}},
    {4187,11,{-30,-120,-73}}, {4198,13,{-30,-120,-99}}, {4211,5,{-16,-99,-110,-85}},
    {4216,4,{-50,-88}}, {4220,4,{34}}, {4224,5,{34}}, {4229,4,{-16,-99,-108,-108}},
    {4233,5,{-30,-124,-102}}, {4238,5,{-16,-99,-110,-84}}, {4243,6,{-30,-92,-112}},
    {4249,3,{-62,-82}}, {4252,4,{-62,-82}}, {4256,7,{-59,-108}}, {4263,5,{-30,-97,-85}},
    {4268,5,{-30,-122,-96}}, {4273,7,{-30,-92,-106}}, {4280,7,{-59,-104}}, {4287,7,{-59,-106}},
    {4294,4,{-48,-96}}, {4298,3,{-30,-124,-100}}, {4301,15,{-30,-120,-117}},
    {4316,19,{-30,-121,-117}}, {4335,21,{-30,-91,-81}}, {4356,4,{-30,-124,-100}},
    {4360,4,{-50,-95}}, {4364,18,{-30,-97,-87}}, {4382,11,{-30,-122,-110}},
    {4393,14,{-30,-121,-91}}, {4407,20,{-30,-121,-124}}, {4427,13,{-30,-116,-119}},
    {4440,19,{-30,-97,-89}}, {4459,19,{-30,-91,-99}}, {4478,16,{-30,-121,-126}},
    {4494,19,{-30,-91,-107}}, {4513,11,{-30,-116,-117}}, {4524,9,{-30,-118,-94}},
    {4533,14,{-30,-122,-90}}, {4547,15,{-30,-91,-101}}, {4562,14,{-30,-118,-77}},
    {4576,17,{-30,-89,-112}}, {4593,19,{-30,-118,-75}}, {4612,18,{-30,-91,-113}},
    {4630,17,{-30,-91,-100}}, {4647,14,{-30,-122,-66}}, {4661,17,{-30,-91,-108}},
    {4678,12,{-30,-121,-128}}, {4690,15,{-30,-91,-109}}, {4705,11,{-30,-121,-110}},
    {4716,5,{-30,-124,-99}}, {4721,13,{-30,-91,-80}}, {4734,12,{-30,-121,-101}},
    {4746,5,{-30,-124,-101}}, {4751,4,{-30,-122,-79}}, {4755,12,{-30,-89,-76}},
    {4767,7,{-48,-87}}, {4774,5,{-48,-88}}, {4779,7,{-48,-84}}, {4786,7,{-59,-102}},
    {4793,3,{-30,-86,-68}}, {4796,7,{-59,-96}}, {4803,7,{-59,-98}}, {4810,6,{-59,-100}},
    {4816,4,{-48,-95}}, {4820,4,{-16,-99,-108,-106}}, {4824,15,{-30,-122,-109}},
    {4839,15,{-30,-122,-112}}, {4854,16,{-30,-122,-110}}, {4870,13,{-30,-122,-111}},
    {4883,6,{-50,-93}}, {4889,12,{-30,-120,-104}}, {4901,5,{-16,-99,-107,-118}},
    {4906,5,{-30,-120,-102}}, {4911,7,{-30,-106,-95}}, {4918,19,{-30,-118,-109}},
    {4937,13,{-30,-118,-113}}, {4950,18,{-30,-118,-111}}, {4968,15,{-30,-118,-112}},
    {4983,20,{-30,-118,-110}}, {5003,12,{-30,-118,-108}}, {5015,5,{-16,-99,-110,-82}},
    {5020,5,{-30,-117,-122}}, {5025,4,{-30,-117,-112}}, {5029,7,{-30,-117,-112}},
    {5036,12,{-30,-118,-122}}, {5048,9,{-30,-119,-69}}, {5057,14,{-30,-86,-80}},
    {5071,19,{-30,-119,-67}}, {5090,14,{-30,-119,-65}}, {5104,9,{-30,-120,-117}},
    {5113,4,{-30,-120,-111}}, {5117,4,{-30,-117,-111}}, {5121,9,{-30,-118,-125}},
    {5130,14,{-30,-118,-121}}, {5144,7,{-30,-117,-111}}, {5151,5,{-61,-98}}, {5156,6,{-61,-98}},
    {5162,6,{-30,-124,-94}}, {5168,6,{-48,-117}}, {5174,5,{-48,-90}}, {5179,4,{9}},
    {5183,4,{-50,-92}}, {5187,7,{-59,-92}}, {5194,7,{-59,-94}}, {5201,4,{-48,-94}},
    {5205,4,{-16,-99,-108,-105}}, {5209,10,{-30,-120,-76}}, {5219,6,{-50,-104}},
    {5225,11,{-30,-127,-97,-30,-128,-118}}, {5236,10,{-30,-128,-119}}, {5246,6,{-30,-120,-68}},
    {5252,11,{-30,-119,-125}}, {5263,15,{-30,-119,-123}}, {5278,11,{-30,-119,-120}},
    {5289,5,{-16,-99,-107,-117}}, {5294,10,{-30,-125,-101}}, {5304,5,{-16,-99,-110,-81}},
    {5309,7,{-59,-90}}, {5316,6,{-61,-102}}, {5322,7,{-61,-102}}, {5329,5,{-30,-122,-97}},
    {5334,9,{-30,-91,-119}}, {5343,6,{-48,-114}}, {5349,7,{-59,-84}}, {5356,5,{-61,-101}},
    {5361,6,{-61,-101}}, {5367,4,{-48,-93}}, {5371,7,{-59,-80}}, {5378,4,{-16,-99,-108,-104}},
    {5382,6,{-61,-103}}, {5388,7,{-61,-103}}, {5395,6,{-59,-86}}, {5401,9,{95}},
    {5410,11,{-30,-113,-97}}, {5421,13,{-30,-114,-75}}, {5434,17,{-30,-113,-99}},
    {5451,6,{-30,-117,-125}}, {5457,10,{-30,-118,-114}}, {5467,6,{-59,-78}},
    {5473,5,{-16,-99,-107,-116}}, {5478,8,{-30,-122,-111}}, {5486,11,{-30,-92,-110}},
    {5497,17,{-30,-121,-123}}, {5514,12,{-30,-122,-107}}, {5526,14,{-30,-91,-82}},
    {5540,6,{-30,-118,-91}}, {5546,11,{-30,-122,-91}}, {5557,8,{-30,-121,-111}},
    {5565,12,{-30,-121,-107}}, {5577,15,{-30,-122,-106}}, {5592,16,{-30,-122,-105}},
    {5608,5,{-49,-110}}, {5613,8,{-50,-91}}, {5621,6,{-59,-82}}, {5627,5,{-16,-99,-110,-80}},
    {5632,7,{-59,-88}}, {5639,4,{-61,-100}}, {5643,5,{-61,-100}}, {5648,6,{-30,-118,-85}},
    {5654,5,{-30,-85,-85}}, {5659,4,{-48,-110}}, {5663,6,{-30,-118,-87}}, {5669,7,{-30,-85,-90}},
    {5676,4,{-30,-117,-127}}, {5680,7,{-30,-128,-106}}, {5687,5,{-30,-128,-106}},
    {5692,12,{-30,-120,-93}}, {5704,13,{124}}, {5717,18,{-30,-99,-104}},
    {5735,14,{-30,-119,-128}}, {5749,14,{-30,-128,-118}}, {5763,4,{-16,-99,-108,-103}},
    {5767,5,{-16,-99,-107,-115}}, {5772,5,{-16,-99,-110,-79}}, {5777,7,{-30,-118,-86}},
    {5784,6,{-59,-76}}, {5790,6,{-30,-117,-128}}, {5796,4,{-16,-99,-108,-102}},
    {5800,5,{-16,-99,-107,-114}}, {5805,5,{-16,-99,-110,-78}}, {5810,4,{-16,-99,-108,-101}},
    {5814,3,{-50,-98}}, {5817,5,{-16,-99,-107,-113}}, {5822,5,{-16,-99,-110,-77}},
    {5827,5,{-48,-81}}, {5832,5,{-48,-121}}, {5837,5,{-48,-82}}, {5842,6,{-61,-99}},
    {5848,7,{-61,-99}}, {5855,6,{-59,-74}}, {5861,4,{-48,-85}}, {5865,4,{-16,-99,-108,-100}},
    {5869,5,{-16,-99,-107,-112}}, {5874,5,{-16,-99,-110,-76}}, {5879,5,{-59,-72}},
    {5884,5,{-48,-106}}, {5889,7,{-59,-71}}, {5896,7,{-59,-67}}, {5903,4,{-48,-105}},
    {5907,5,{-59,-69}}, {5912,15,{-30,-128,-117}}, {5927,5,{-50,-106}}, {5932,4,{-30,-124,-88}},
    {5936,5,{-30,-124,-92}}, {5941,5,{-16,-99,-110,-75}}, {5946,6,{-61,-95}}, {5952,7,{-61,-95}},
    {5959,7,{-60,-125}}, {5966,3,{-30,-120,-66}}, {5969,4,{-30,-120,-66,-52,-77}},
    {5973,4,{-30,-120,-65}}, {5977,5,{-61,-94}}, {5982,6,{-61,-94}}, {5988,5,{-62,-76}},
    {5993,6,{-62,-76}}, {5999,4,{-48,-80}}, {6003,5,{-61,-90}}, {6008,6,{-61,-90}},
    {6014,3,{-30,-127,-95}}, {6017,4,{-16,-99,-108,-98}}, {6021,6,{-61,-96}}, {6027,7,{-61,-96}},
    {6034,8,{-30,-124,-75}}, {6042,6,{-30,-124,-75}}, {6048,6,{-50,-79}}, {6054,6,{-60,-127}},
    {6060,6,{-30,-88,-65}}, {6066,3,{38}}, {6069,4,{38}}, {6073,4,{-30,-120,-89}},
    {6077,7,{-30,-87,-107}}, {6084,5,{-30,-87,-100}}, {6089,9,{-30,-87,-104}},
    {6098,5,{-30,-87,-102}}, {6103,4,{-30,-120,-96}}, {6107,5,{-30,-90,-92}},
    {6112,6,{-30,-120,-96}}, {6118,7,{-30,-120,-95}}, {6125,9,{-30,-90,-88}},
    {6134,9,{-30,-90,-87}}, {6143,9,{-30,-90,-86}}, {6152,9,{-30,-90,-85}},
    {6161,9,{-30,-90,-84}}, {6170,9,{-30,-90,-83}}, {6179,9,{-30,-90,-82}},
    {6188,9,{-30,-90,-81}}, {6197,6,{-30,-120,-97}}, {6203,8,{-30,-118,-66}},
    {6211,9,{-30,-90,-99}}, {6220,7,{-30,-120,-94}}, {6227,6,{-61,-123}}, {6233,8,{-30,-115,-68}},
    {6241,6,{-60,-123}}, {6247,5,{-16,-99,-107,-110}}, {6252,3,{-30,-119,-120}},
    {6255,4,{-30,-87,-80}}, {6259,7,{-30,-87,-81}}, {6266,4,{-30,-119,-118}},
    {6270,5,{-30,-119,-117}}, {6275,5,{39}}, {6280,7,{-30,-119,-120}}, {6287,9,{-30,-119,-118}},
    {6296,5,{-61,-91}}, {6301,6,{-61,-91}}, {6307,5,{-16,-99,-110,-74}}, {6312,4,{42}},
    {6316,6,{-30,-119,-120}}, {6322,8,{-30,-119,-115}}, {6330,6,{-61,-93}}, {6336,7,{-61,-93}},
    {6343,4,{-61,-92}}, {6347,5,{-61,-92}}, {6352,9,{-30,-120,-77}}, {6361,6,{-30,-88,-111}},
    {6367,5,{-30,-85,-83}}, {6372,9,{-30,-119,-116}}, {6381,12,{-49,-74}},
    {6393,10,{-30,-128,-75}}, {6403,8,{-30,-120,-67}}, {6411,10,{-30,-117,-115}},
    {6421,7,{-30,-118,-67}}, {6428,7,{-30,-116,-123}}, {6435,9,{-30,-116,-123}},
    {6444,5,{-30,-114,-75}}, {6449,9,{-30,-114,-74}}, {6458,6,{-30,-119,-116}},
    {6464,4,{-48,-79}}, {6468,6,{-30,-128,-98}}, {6474,7,{-30,-120,-75}}, {6481,8,{-30,-120,-75}},
    {6489,8,{-30,-90,-80}}, {6497,6,{-49,-74}}, {6503,7,{-30,-124,-84}}, {6510,5,{-50,-78}},
    {6515,5,{-30,-124,-74}}, {6520,8,{-30,-119,-84}}, {6528,4,{-16,-99,-108,-97}},
    {6532,7,{-30,-117,-126}}, {6539,8,{-30,-105,-81}}, {6547,7,{-30,-117,-125}},
    {6554,8,{-30,-88,-128}}, {6562,9,{-30,-88,-127}}, {6571,10,{-30,-88,-126}},
    {6581,9,{-30,-88,-122}}, {6590,8,{-30,-104,-123}}, {6598,16,{-30,-106,-67}},
    {6614,14,{-30,-106,-77}}, {6628,9,{-30,-88,-124}}, {6637,7,{-30,-117,-127}},
    {6644,9,{-30,-117,-128}}, {6653,7,{-30,-92,-115}}, {6660,13,{-30,-89,-85}},
    {6673,12,{-30,-106,-86}}, {6685,14,{-30,-106,-76}}, {6699,18,{-30,-106,-66}},
    {6717,18,{-30,-105,-126}}, {6735,19,{-30,-106,-72}}, {6754,6,{-30,-112,-93}},
    {6760,6,{-30,-106,-110}}, {6766,6,{-30,-106,-111}}, {6772,6,{-30,-106,-109}},
    {6778,6,{-30,-106,-120}}, {6784,4,{61,-30,-125,-91}}, {6788,8,{-30,-119,-95,-30,-125,-91}},
    {6796,5,{-30,-116,-112}}, {6801,5,{-16,-99,-107,-109}}, {6806,4,{-30,-118,-91}},
    {6810,7,{-30,-118,-91}}, {6817,7,{-30,-117,-120}}, {6824,6,{-30,-107,-105}},
    {6830,6,{-30,-107,-108}}, {6836,6,{-30,-107,-106}}, {6842,6,{-30,-107,-109}},
    {6848,5,{-30,-107,-112}}, {6853,6,{-30,-107,-90}}, {6859,6,{-30,-107,-87}},
    {6865,6,{-30,-107,-92}}, {6871,6,{-30,-107,-89}}, {6877,6,{-30,-107,-99}},
    {6883,6,{-30,-107,-102}}, {6889,6,{-30,-107,-100}}, {6895,6,{-30,-107,-103}},
    {6901,5,{-30,-107,-111}}, {6906,6,{-30,-107,-84}}, {6912,6,{-30,-107,-93}},
    {6918,6,{-30,-107,-96}}, {6924,6,{-30,-107,-85}}, {6930,6,{-30,-107,-94}},
    {6936,6,{-30,-107,-97}}, {6942,7,{-30,-89,-119}}, {6949,6,{-30,-107,-107}},
    {6955,6,{-30,-107,-110}}, {6961,6,{-30,-108,-112}}, {6967,6,{-30,-108,-116}},
    {6973,5,{-30,-108,-128}}, {6978,6,{-30,-107,-91}}, {6984,6,{-30,-107,-88}},
    {6990,6,{-30,-108,-84}}, {6996,6,{-30,-108,-76}}, {7002,9,{-30,-118,-97}},
    {7011,8,{-30,-118,-98}}, {7019,9,{-30,-118,-96}}, {7028,6,{-30,-107,-101}},
    {7034,6,{-30,-107,-104}}, {7040,6,{-30,-108,-104}}, {7046,6,{-30,-108,-108}},
    {7052,5,{-30,-108,-126}}, {7057,6,{-30,-107,-86}}, {7063,6,{-30,-107,-95}},
    {7069,6,{-30,-107,-98}}, {7075,6,{-30,-108,-68}}, {7081,6,{-30,-108,-92}},
    {7087,6,{-30,-108,-100}}, {7093,7,{-30,-128,-75}}, {7100,6,{-53,-104}}, {7106,6,{-62,-90}},
    {7112,7,{-62,-90}}, {7119,5,{-16,-99,-110,-73}}, {7124,6,{-30,-127,-113}},
    {7130,5,{-30,-120,-67}}, {7135,6,{-30,-117,-115}}, {7141,5,{92}}, {7146,6,{-30,-89,-123}},
    {7152,9,{-30,-97,-120}}, {7161,5,{-30,-128,-94}}, {7166,7,{-30,-128,-94}},
    {7173,5,{-30,-119,-114}}, {7178,6,{-30,-86,-82}}, {7184,6,{-30,-119,-113}},
    {7190,7,{-30,-119,-113}}, {7197,7,{-60,-121}}, {7204,4,{-30,-120,-87}},
    {7208,7,{-30,-87,-124}}, {7215,9,{-30,-87,-119}}, {7224,7,{-30,-87,-117}},
    {7231,7,{-30,-87,-121}}, {7238,7,{-30,-87,-128}}, {7245,5,{-30,-120,-87,-17,-72,-128}},
    {7250,6,{-30,-127,-127}}, {7256,6,{-53,-121}}, {7262,6,{-30,-87,-115}}, {7268,7,{-60,-115}},
    {7275,6,{-61,-89}}, {7281,7,{-61,-89}}, {7288,6,{-60,-119}}, {7294,6,{-30,-87,-116}},
    {7300,8,{-30,-87,-112}}, {7308,5,{-60,-117}}, {7313,5,{-62,-72}}, {7318,6,{-62,-72}},
    {7324,8,{-30,-90,-78}}, {7332,4,{-62,-94}}, {7336,5,{-62,-94}}, {7341,10,{-62,-73}},
    {7351,4,{-16,-99,-108,-96}}, {7355,5,{-47,-121}}, {7360,6,{-30,-100,-109}},
    {7366,10,{-30,-100,-109}}, {7376,4,{-49,-121}}, {7380,4,{-30,-105,-117}},
    {7384,5,{-30,-89,-125}}, {7389,5,{-53,-122}}, {7394,7,{-30,-119,-105}},
    {7401,16,{-30,-122,-70}}, {7417,17,{-30,-122,-69}}, {7434,9,{-62,-82}},
    {7443,9,{-30,-109,-120}}, {7452,11,{-30,-118,-101}}, {7463,12,{-30,-118,-102}},
    {7475,12,{-30,-118,-99}}, {7487,5,{-30,-119,-105}}, {7492,9,{-30,-88,-112}},
    {7501,7,{-30,-85,-81}}, {7508,8,{-30,-89,-126}}, {7516,6,{-30,-103,-93}},
    {7522,9,{-30,-103,-93}}, {7531,6,{58}}, {7537,7,{-30,-119,-108}}, {7544,8,{-30,-119,-108}},
    {7552,6,{44}}, {7558,7,{64}}, {7565,5,{-30,-120,-127}}, {7570,7,{-30,-120,-104}},
    {7577,11,{-30,-120,-127}}, {7588,10,{-30,-124,-126}}, {7598,5,{-30,-119,-123}},
    {7603,8,{-30,-87,-83}}, {7611,7,{-30,-120,-82}}, {7618,5,{-16,-99,-107,-108}},
    {7623,7,{-30,-120,-112}}, {7630,4,{-62,-87}}, {7634,5,{-62,-87}}, {7639,7,{-30,-124,-105}},
    {7646,6,{-30,-122,-75}}, {7652,6,{-30,-100,-105}}, {7658,5,{-16,-99,-110,-72}},
    {7663,5,{-30,-85,-113}}, {7668,6,{-30,-85,-111}}, {7674,5,{-30,-85,-112}},
    {7679,6,{-30,-85,-110}}, {7685,6,{-30,-117,-81}}, {7691,8,{-30,-92,-72}},
    {7699,8,{-30,-92,-75}}, {7707,6,{-30,-117,-98}}, {7713,6,{-30,-117,-97}},
    {7719,7,{-30,-122,-74}}, {7726,8,{-30,-92,-67}}, {7734,4,{-30,-120,-86}},
    {7738,9,{-30,-87,-120}}, {7747,7,{-30,-87,-122}}, {7754,7,{-30,-87,-118}},
    {7761,7,{-30,-118,-115}}, {7768,6,{-30,-87,-123}}, {7774,5,{-30,-120,-86,-17,-72,-128}},
    {7779,7,{-30,-122,-73}}, {7786,8,{-30,-92,-68}}, {7794,12,{-30,-117,-98}},
    {7806,12,{-30,-117,-97}}, {7818,9,{-30,-117,-114}}, {7827,11,{-30,-117,-113}},
    {7838,6,{-62,-92}}, {7844,7,{-62,-92}}, {7851,15,{-30,-122,-74}}, {7866,16,{-30,-122,-73}},
    {7882,6,{-30,-117,-114}}, {7888,6,{-30,-117,-113}}, {7894,9,{-30,-120,-78}},
    {7903,6,{-30,-120,-79}}, {7909,7,{-30,-116,-83}}, {7916,5,{-30,-121,-109}},
    {7921,5,{-30,-91,-91}}, {7926,7,{-30,-128,-96}}, {7933,7,{-30,-124,-72}},
    {7940,5,{-30,-122,-109}}, {7945,5,{-30,-128,-112}}, {7950,6,{-30,-118,-93}},
    {7956,8,{-30,-92,-113}}, {7964,6,{-53,-99}}, {7970,7,{-60,-113}}, {7977,4,{-48,-76}},
    {7981,3,{-30,-123,-122}}, {7984,8,{-30,-128,-95}}, {7992,6,{-30,-121,-118}},
    {7998,8,{-30,-87,-73}}, {8006,3,{-62,-80}}, {8009,4,{-62,-80}}, {8013,6,{-50,-76}},
    {8019,8,{-30,-90,-79}}, {8027,7,{-30,-91,-65}}, {8034,4,{-16,-99,-108,-95}},
    {8038,6,{-30,-121,-125}}, {8044,6,{-30,-121,-126}}, {8050,5,{-30,-117,-124}},
    {8055,8,{-30,-117,-124}}, {8063,12,{-30,-103,-90}}, {8075,6,{-30,-103,-90}},
    {8081,4,{-62,-88}}, {8085,8,{-49,-99}}, {8093,6,{-30,-117,-78}}, {8099,4,{-61,-73}},
    {8103,6,{-61,-73}}, {8109,7,{-61,-73}}, {8116,14,{-30,-117,-121}}, {8130,7,{-30,-117,-121}},
    {8137,5,{-47,-110}}, {8142,7,{-30,-116,-98}}, {8149,7,{-30,-116,-115}}, {8156,7,{36}},
    {8163,5,{-16,-99,-107,-107}}, {8168,4,{-53,-103}}, {8172,6,{-30,-119,-112}},
    {8178,9,{-30,-119,-111}}, {8187,9,{-30,-120,-72}}, {8196,8,{-30,-120,-108}},
    {8204,10,{-30,-118,-95}}, {8214,15,{-30,-116,-122}}, {8229,10,{-30,-122,-109}},
    {8239,15,{-30,-121,-118}}, {8254,16,{-30,-121,-125}}, {8270,17,{-30,-121,-126}},
    {8287,9,{-30,-92,-112}}, {8296,7,{-30,-116,-97}}, {8303,7,{-30,-116,-116}},
    {8310,5,{-16,-99,-110,-71}}, {8315,5,{-47,-107}}, {8320,5,{-30,-89,-74}}, {8325,7,{-60,-111}},
    {8332,6,{-30,-117,-79}}, {8338,5,{-30,-106,-65}}, {8343,6,{-30,-106,-66}},
    {8349,6,{-30,-121,-75}}, {8355,6,{-30,-91,-81}}, {8361,8,{-30,-90,-90}}, {8369,5,{-47,-97}},
    {8374,9,{-30,-97,-65}}, {8383,6,{-30,-87,-73}}, {8389,5,{-30,-119,-111}}, {8394,6,{-61,-87}},
    {8400,7,{-61,-87}}, {8407,7,{-30,-87,-82}}, {8414,7,{-60,-101}}, {8421,5,{-30,-119,-106}},
    {8426,5,{-61,-86}}, {8431,6,{-61,-86}}, {8437,7,{-30,-119,-107}}, {8444,4,{-47,-115}},
    {8448,5,{-60,-105}}, {8453,3,{-30,-123,-121}}, {8456,6,{-30,-119,-110}},
    {8462,4,{-16,-99,-108,-94}}, {8466,3,{-30,-86,-102}}, {8469,6,{-61,-88}}, {8475,7,{-61,-88}},
    {8482,4,{-30,-86,-106}}, {8486,7,{-30,-86,-104}}, {8493,3,{-30,-86,-103}},
    {8496,9,{-30,-113,-89}}, {8505,4,{-30,-124,-109}}, {8509,4,{-30,-86,-107}},
    {8513,7,{-30,-86,-105}}, {8520,6,{-60,-109}}, {8526,6,{-30,-120,-123}},
    {8532,9,{-30,-120,-123}}, {8541,7,{-30,-120,-123}}, {8548,7,{-30,-128,-124}},
    {8555,7,{-30,-128,-123}}, {8562,5,{-30,-128,-125}}, {8567,4,{-59,-117}},
    {8571,5,{-30,-128,-126}}, {8576,6,{-60,-103}}, {8582,5,{-16,-99,-107,-106}},
    {8587,5,{-30,-117,-107}}, {8592,7,{-30,-89,-93}}, {8599,6,{-30,-87,-79}}, {8605,5,{-50,-75}},
    {8610,8,{-50,-75}}, {8618,6,{-49,-75}}, {8624,7,{-30,-119,-106}}, {8631,8,{-30,-119,-107}},
    {8639,6,{-30,-119,-126}}, {8645,11,{-30,-86,-106}}, {8656,12,{-30,-86,-107}}, {8668,7,{61}},
    {8675,7,{-30,-119,-97}}, {8682,6,{-30,-119,-95}}, {8688,8,{-30,-87,-72}},
    {8696,9,{-30,-89,-91}}, {8705,6,{-30,-119,-109}}, {8711,6,{-30,-91,-79}},
    {8717,5,{-30,-124,-81}}, {8722,6,{-30,-119,-112}}, {8728,5,{-30,-119,-126}},
    {8733,4,{-50,-73}}, {8737,3,{-61,-80}}, {8740,4,{-61,-80}}, {8744,4,{-61,-85}},
    {8748,5,{-61,-85}}, {8753,5,{-30,-126,-84}}, {8758,5,{33}}, {8763,6,{-30,-120,-125}},
    {8769,12,{-30,-124,-80}}, {8781,13,{-30,-123,-121}}, {8794,14,{-30,-119,-110}},
    {8808,4,{-47,-124}}, {8812,7,{-30,-103,-128}}, {8819,7,{-17,-84,-125}},
    {8826,6,{-17,-84,-128}}, {8832,7,{-17,-84,-124}}, {8839,4,{-16,-99,-108,-93}},
    {8843,6,{-17,-84,-127}}, {8849,6,{102,106}}, {8855,5,{-30,-103,-83}}, {8860,6,{-17,-84,-126}},
    {8866,6,{-30,-106,-79}}, {8872,5,{-58,-110}}, {8877,5,{-16,-99,-107,-105}},
    {8882,7,{-30,-120,-128}}, {8889,5,{-30,-117,-108}}, {8894,6,{-30,-85,-103}},
    {8900,9,{-30,-88,-115}}, {8909,6,{-62,-67}}, {8915,7,{-62,-67}}, {8922,7,{-30,-123,-109}},
    {8929,6,{-62,-68}}, {8935,7,{-62,-68}}, {8942,7,{-30,-123,-107}}, {8949,7,{-30,-123,-103}},
    {8956,7,{-30,-123,-101}}, {8963,7,{-30,-123,-108}}, {8970,7,{-30,-123,-106}},
    {8977,6,{-62,-66}}, {8983,7,{-62,-66}}, {8990,7,{-30,-123,-105}}, {8997,7,{-30,-123,-100}},
    {9004,7,{-30,-123,-104}}, {9011,7,{-30,-123,-102}}, {9018,7,{-30,-123,-99}},
    {9025,7,{-30,-123,-98}}, {9032,6,{-30,-127,-124}}, {9038,6,{-30,-116,-94}},
    {9044,5,{-16,-99,-110,-69}}, {9049,3,{-30,-119,-89}}, {9052,4,{-30,-86,-116}},
    {9056,7,{-57,-75}}, {9063,6,{-50,-77}}, {9069,7,{-49,-99}}, {9076,4,{-30,-86,-122}},
    {9080,7,{-60,-97}}, {9087,6,{-60,-99}}, {9093,4,{-48,-77}}, {9097,5,{-60,-95}},
    {9102,3,{-30,-119,-91}}, {9105,4,{-30,-117,-101}}, {9109,4,{-30,-119,-91}},
    {9113,5,{-30,-119,-89}}, {9118,9,{-30,-87,-66}}, {9127,4,{-30,-87,-66}},
    {9131,6,{-30,-86,-87}}, {9137,7,{-30,-86,-128}}, {9144,8,{-30,-86,-126}},
    {9152,9,{-30,-86,-124}}, {9161,5,{-30,-117,-101,-17,-72,-128}}, {9166,7,{-30,-86,-108}},
    {9173,4,{-16,-99,-108,-92}}, {9177,3,{-30,-119,-85}}, {9180,4,{-30,-117,-103}},
    {9184,6,{-30,-124,-73}}, {9190,5,{-47,-109}}, {9195,3,{-30,-119,-73}},
    {9198,4,{-30,-86,-110}}, {9202,4,{-30,-86,-91}}, {9206,4,{-30,-86,-92}},
    {9210,4,{-30,-119,-87}}, {9214,5,{-30,-86,-118}}, {9219,9,{-30,-86,-118}},
    {9228,4,{-30,-86,-120}}, {9232,5,{-30,-86,-120}}, {9237,6,{-30,-119,-87}},
    {9243,6,{-30,-117,-89}}, {9249,5,{-16,-99,-107,-104}}, {9254,6,{96}},
    {9260,5,{-30,-124,-118}}, {9265,5,{-30,-119,-77}}, {9270,6,{-30,-86,-114}},
    {9276,6,{-30,-86,-112}}, {9282,2,{62}}, {9284,3,{62}}, {9287,5,{-30,-86,-89}},
    {9292,6,{-30,-87,-70}}, {9298,6,{-30,-117,-105}}, {9304,7,{-30,-90,-107}},
    {9311,8,{-30,-87,-68}}, {9319,10,{-30,-86,-122}}, {9329,7,{-30,-91,-72}},
    {9336,7,{-30,-117,-105}}, {9343,10,{-30,-117,-101}}, {9353,11,{-30,-86,-116}},
    {9364,8,{-30,-119,-73}}, {9372,7,{-30,-119,-77}}, {9379,10,{-30,-119,-87,-17,-72,-128}},
    {9389,5,{-30,-119,-87,-17,-72,-128}}, {9394,5,{-30,-121,-108}}, {9399,7,{-30,-128,-118}},
    {9406,5,{-62,-67}}, {9411,7,{-30,-124,-117}}, {9418,7,{-47,-118}}, {9425,5,{-30,-122,-108}},
    {9430,8,{-30,-91,-120}}, {9438,6,{-30,-122,-83}}, {9444,5,{-30,-124,-113}},
    {9449,6,{-60,-91}}, {9455,7,{-30,-103,-91}}, {9462,10,{-30,-103,-91}},
    {9472,7,{-30,-128,-90}}, {9479,7,{-30,-118,-71}}, {9486,4,{-16,-99,-108,-91}},
    {9490,9,{-30,-92,-91}}, {9499,9,{-30,-92,-90}}, {9508,6,{-30,-121,-65}},
    {9514,7,{-30,-120,-69}}, {9521,14,{-30,-122,-87}}, {9535,15,{-30,-122,-86}},
    {9550,5,{-16,-99,-107,-103}}, {9555,7,{-30,-128,-107}}, {9562,5,{-16,-99,-110,-67}},
    {9567,7,{-30,-124,-113}}, {9574,7,{-60,-89}}, {9581,7,{-30,-127,-125}},
    {9588,7,{-30,-128,-112}}, {9595,6,{-61,-83}}, {9601,7,{-61,-83}}, {9608,3,{-30,-127,-93}},
    {9611,5,{-61,-82}}, {9616,6,{-61,-82}}, {9622,4,{-48,-72}}, {9626,5,{-48,-75}},
    {9631,5,{-62,-95}}, {9636,6,{-62,-95}}, {9642,4,{-30,-121,-108}}, {9646,4,{-16,-99,-108,-90}},
    {9650,6,{-61,-84}}, {9656,7,{-61,-84}}, {9663,3,{-30,-123,-120}}, {9666,7,{-30,-88,-116}},
    {9673,6,{-30,-120,-83}}, {9679,7,{-30,-89,-100}}, {9686,6,{-30,-124,-87}}, {9692,6,{-60,-77}},
    {9698,6,{-60,-85}}, {9704,6,{-30,-124,-111}}, {9710,9,{-30,-124,-112}},
    {9719,9,{-30,-124,-111}}, {9728,6,{-60,-79}}, {9734,5,{-30,-118,-73}}, {9739,6,{-58,-75}},
    {9745,3,{-30,-120,-120}}, {9748,7,{-30,-124,-123}}, {9755,6,{-30,-120,-98}},
    {9761,9,{-30,-89,-99}}, {9770,7,{-60,-79}}, {9777,4,{-30,-120,-85}}, {9781,7,{-30,-118,-70}},
    {9788,9,{-30,-124,-92}}, {9797,9,{-30,-118,-70}}, {9806,9,{-30,-88,-105}},
    {9815,8,{-30,-88,-68}}, {9823,5,{-47,-111}}, {9828,6,{-60,-81}}, {9834,5,{-16,-99,-107,-102}},
    {9839,5,{-50,-71}}, {9844,6,{-30,-88,-68}}, {9850,6,{-62,-65}}, {9856,7,{-62,-65}},
    {9863,5,{-16,-99,-110,-66}}, {9868,5,{-30,-120,-120}}, {9873,6,{-30,-117,-71}},
    {9879,8,{-30,-117,-75}}, {9887,6,{-30,-117,-76}}, {9893,7,{-30,-117,-77}},
    {9900,6,{-30,-120,-120}}, {9906,3,{-30,-127,-94}}, {9909,7,{-60,-87}}, {9916,6,{-47,-106}},
    {9922,4,{-61,-81}}, {9926,5,{-61,-81}}, {9931,6,{-60,-75}}, {9937,4,{-48,-71}},
    {9941,4,{-16,-99,-108,-89}}, {9945,6,{-56,-73}}, {9951,5,{-16,-99,-107,-101}},
    {9956,5,{-16,-99,-110,-65}}, {9961,7,{-47,-104}}, {9968,6,{-47,-108}}, {9974,6,{-50,-70}},
    {9980,7,{-49,-80}}, {9987,7,{-60,-73}}, {9994,4,{-48,-70}}, {9998,4,{-16,-99,-108,-88}},
    {10002,7,{-60,-72}}, {10009,5,{-47,-123}}, {10014,5,{-47,-100}},
    {10019,5,{-16,-99,-107,-100}}, {10024,5,{-16,-99,-109,-128}}, {10029,6,{-30,-121,-102}},
    {10035,5,{-30,-121,-112}}, {10040,7,{-30,-92,-101}}, {10047,6,{-30,-92,-114}},
    {10053,3,{-30,-119,-90}}, {10056,4,{-30,-86,-117}}, {10060,5,{-30,-91,-94}},
    {10065,7,{-60,-70}}, {10072,9,{-30,-90,-76}}, {10081,7,{-30,-124,-110}}, {10088,7,{-50,-69}},
    {10095,5,{-30,-97,-88}}, {10100,6,{-30,-90,-111}}, {10106,7,{-30,-97,-88}},
    {10113,4,{-30,-86,-123}}, {10117,5,{-62,-85}}, {10122,6,{-62,-85}}, {10128,5,{-30,-122,-112}},
    {10133,6,{-30,-121,-92}}, {10139,8,{-30,-92,-97}}, {10147,7,{-30,-92,-99}},
    {10154,7,{-30,-122,-87}}, {10161,7,{-30,-122,-85}}, {10168,7,{-30,-92,-71}},
    {10175,8,{-30,-91,-77}}, {10183,7,{-30,-122,-94}}, {10190,4,{-30,-86,-85}},
    {10194,7,{-30,-92,-103}}, {10201,5,{-30,-86,-83}}, {10206,6,{-30,-86,-83,-17,-72,-128}},
    {10212,6,{-30,-92,-116}}, {10218,6,{-30,-99,-78}}, {10224,7,{123}}, {10231,7,{91}},
    {10238,6,{-30,-90,-117}}, {10244,8,{-30,-90,-113}}, {10252,8,{-30,-90,-115}},
    {10260,7,{-60,-66}}, {10267,7,{-60,-68}}, {10274,6,{-30,-116,-120}}, {10280,5,{123}},
    {10285,4,{-48,-69}}, {10289,5,{-30,-92,-74}}, {10294,6,{-30,-128,-100}},
    {10300,7,{-30,-128,-98}}, {10307,8,{-30,-91,-89}}, {10315,9,{-30,-91,-117}},
    {10324,5,{-30,-122,-78}}, {10329,3,{-30,-119,-92}}, {10332,10,{-30,-122,-112}},
    {10342,14,{-30,-122,-94}}, {10356,16,{-30,-122,-67}}, {10372,14,{-30,-122,-68}},
    {10386,15,{-30,-121,-121}}, {10401,15,{-30,-122,-108}}, {10416,16,{-30,-121,-122}},
    {10432,18,{-30,-121,-117}}, {10450,20,{-30,-122,-83}}, {10470,15,{-30,-117,-117}},
    {10485,4,{-30,-117,-102}}, {10489,4,{-30,-119,-92}}, {10493,5,{-30,-119,-90}},
    {10498,9,{-30,-87,-67}}, {10507,4,{-30,-87,-67}}, {10511,6,{-30,-86,-88}},
    {10517,7,{-30,-87,-65}}, {10524,8,{-30,-86,-127}}, {10532,9,{-30,-86,-125}},
    {10541,5,{-30,-117,-102,-17,-72,-128}}, {10546,7,{-30,-86,-109}}, {10553,11,{-30,-86,-123}},
    {10564,8,{-30,-117,-106}}, {10572,10,{-30,-117,-102}}, {10582,11,{-30,-86,-117}},
    {10593,8,{-30,-119,-74}}, {10601,8,{-30,-119,-78}}, {10609,7,{-30,-91,-68}},
    {10616,7,{-30,-116,-118}}, {10623,4,{-16,-99,-108,-87}}, {10627,3,{-30,-119,-74}},
    {10630,4,{-30,-86,-111}}, {10634,6,{-30,-122,-67}}, {10640,6,{-30,-122,-68}},
    {10646,7,{-30,-91,-86}}, {10653,6,{-30,-106,-124}}, {10659,5,{-47,-103}},
    {10664,3,{-30,-119,-86}}, {10667,6,{-30,-121,-121}}, {10673,9,{-30,-116,-98}},
    {10682,7,{-30,-91,-85}}, {10689,6,{-30,-105,-70}}, {10695,7,{-59,-128}},
    {10702,7,{-30,-114,-80}}, {10709,11,{-30,-114,-80}}, {10720,4,{-30,-119,-88}},
    {10724,5,{-30,-86,-119}}, {10729,9,{-30,-86,-119}}, {10738,4,{-30,-86,-121}},
    {10742,5,{-30,-86,-121}}, {10747,6,{-30,-119,-88}}, {10753,6,{-30,-117,-90}},
    {10759,6,{-30,-97,-84}}, {10765,6,{-30,-121,-67}}, {10771,6,{-30,-97,-90}},
    {10777,14,{-30,-97,-75}}, {10791,19,{-30,-97,-73}}, {10810,11,{-30,-97,-68}},
    {10821,15,{-30,-97,-74}}, {10836,14,{-30,-122,-85}}, {10850,15,{-30,-122,-84}},
    {10865,6,{-30,-90,-123}}, {10871,5,{-16,-99,-107,-99}}, {10876,7,{-30,-88,-83}},
    {10883,8,{-30,-88,-76}}, {10891,7,{-30,-120,-105}}, {10898,7,{95}}, {10905,4,{-30,-105,-118}},
    {10909,8,{-30,-105,-118}}, {10917,5,{-30,-89,-85}}, {10922,5,{40}}, {10927,7,{-30,-90,-109}},
    {10934,6,{-30,-121,-122}}, {10940,9,{-30,-116,-97}}, {10949,6,{-30,-121,-117}},
    {10955,7,{-30,-91,-83}}, {10962,4,{-30,-128,-114}}, {10966,6,{-30,-118,-65}},
    {10972,7,{-30,-128,-71}}, {10979,5,{-16,-99,-109,-127}}, {10984,4,{-30,-122,-80}},
    {10988,5,{-30,-119,-78}}, {10993,6,{-30,-86,-115}}, {10999,6,{-30,-86,-113}}, {11005,5,{91}},
    {11010,6,{-30,-128,-104}}, {11016,7,{-30,-128,-102}}, {11023,7,{-59,-126}}, {11030,2,{60}},
    {11032,3,{60}}, {11035,5,{-30,-86,-90}}, {11040,6,{-30,-87,-71}}, {11046,6,{-30,-117,-106}},
    {11052,7,{-30,-117,-117}}, {11059,7,{-30,-117,-119}}, {11066,7,{-30,-91,-74}},
    {11073,8,{-30,-87,-69}}, {11081,7,{-30,-90,-106}}, {11088,5,{-30,-105,-125}},
    {11093,6,{-30,-118,-76}}, {11099,6,{-30,-105,-126}}, {11105,9,{-30,-91,-118}},
    {11114,8,{-30,-91,-90}}, {11122,10,{-30,-119,-88,-17,-72,-128}},
    {11132,5,{-30,-119,-88,-17,-72,-128}}, {11137,6,{-30,-120,-70}}, {11143,4,{-62,-81}},
    {11147,5,{-62,-81}}, {11152,5,{-30,-103,-126}}, {11157,5,{-30,-100,-96}},
    {11162,8,{-30,-100,-96}}, {11170,4,{-30,-122,-90}}, {11174,7,{-30,-122,-90}},
    {11181,11,{-30,-122,-89}}, {11192,11,{-30,-122,-92}}, {11203,9,{-30,-122,-91}},
    {11212,7,{-30,-106,-82}}, {11219,7,{-30,-88,-87}}, {11226,4,{-48,-68}},
    {11230,6,{-30,-128,-108}}, {11236,14,{-30,-120,-95}}, {11250,4,{-16,-99,-108,-86}},
    {11254,4,{-30,-124,-89}}, {11258,5,{-62,-75}}, {11263,6,{-62,-75}}, {11269,4,{-30,-120,-93}},
    {11273,7,{42}}, {11280,7,{-30,-85,-80}}, {11287,6,{-62,-73}}, {11293,7,{-62,-73}},
    {11300,6,{-30,-120,-110}}, {11306,7,{-30,-118,-97}}, {11313,7,{-30,-120,-72}},
    {11320,8,{-30,-88,-86}}, {11328,5,{-30,-85,-101}}, {11333,5,{-30,-128,-90}},
    {11338,7,{-30,-120,-109}}, {11345,7,{-30,-118,-89}}, {11352,5,{-16,-99,-107,-98}},
    {11357,3,{-30,-120,-109}}, {11360,5,{-16,-99,-109,-126}}, {11365,7,{-30,-120,-66}},
    {11372,3,{-50,-68}}, {11375,9,{-30,-118,-72}}, {11384,6,{-30,-118,-72}},
    {11390,4,{-30,-117,-103,-52,-72}}, {11394,4,{-30,-119,-85,-30,-125,-110}},
    {11398,5,{-30,-119,-85,-52,-72}}, {11403,11,{-30,-121,-115}}, {11414,16,{-30,-121,-114}},
    {11430,4,{-30,-117,-104,-52,-72}}, {11434,4,{-30,-119,-86,-30,-125,-110}},
    {11438,5,{-30,-119,-86,-52,-72}}, {11443,12,{-30,-121,-113}}, {11455,7,{-30,-118,-81}},
    {11462,7,{-30,-118,-82}}, {11469,6,{-30,-120,-121}}, {11475,7,{-59,-124}},
    {11482,5,{-30,-120,-96,-30,-125,-110}}, {11487,4,{-30,-119,-119}},
    {11491,5,{-30,-87,-80,-52,-72}}, {11496,6,{-30,-119,-117,-52,-72}}, {11502,6,{-59,-119}},
    {11508,8,{-30,-119,-119}}, {11516,6,{-30,-103,-82}}, {11522,8,{-30,-103,-82}},
    {11530,9,{-30,-124,-107}}, {11539,4,{-62,-96}}, {11543,5,{-62,-96}},
    {11548,6,{-30,-119,-114,-52,-72}}, {11554,7,{-30,-119,-113,-52,-72}},
    {11561,5,{-30,-87,-125}}, {11566,7,{-59,-120}}, {11573,7,{-59,-122}},
    {11580,6,{-30,-119,-121}}, {11586,9,{-30,-87,-83,-52,-72}}, {11595,5,{-30,-87,-126}},
    {11600,4,{-48,-67}}, {11604,6,{-30,-128,-109}}, {11610,3,{-30,-119,-96}},
    {11613,6,{-30,-121,-105}}, {11619,7,{-30,-92,-92}}, {11626,6,{-30,-122,-105}},
    {11632,8,{-30,-122,-105}}, {11640,6,{-30,-119,-112,-52,-72}}, {11646,7,{-30,-119,-94}},
    {11653,7,{-30,-92,-88}}, {11660,6,{-30,-119,-126,-52,-72}}, {11666,7,{-30,-120,-124}},
    {11673,8,{-30,-120,-124}}, {11681,4,{-16,-99,-108,-85}}, {11685,4,{-30,-119,-89,-52,-72}},
    {11689,4,{-30,-119,-79}}, {11693,5,{-30,-119,-79}}, {11698,6,{-30,-119,-89,-52,-72}},
    {11704,10,{-30,-87,-66,-52,-72}}, {11714,5,{-30,-87,-66,-52,-72}}, {11719,6,{-30,-119,-75}},
    {11725,4,{-30,-119,-81}}, {11729,5,{-30,-119,-81}}, {11734,6,{-30,-121,-114}},
    {11740,6,{-30,-122,-82}}, {11746,6,{-30,-85,-78}}, {11752,3,{-30,-120,-117}},
    {11755,4,{-30,-117,-68}}, {11759,5,{-30,-117,-70}}, {11764,4,{-30,-120,-117}},
    {11768,5,{-47,-102}}, {11773,6,{-30,-121,-115}}, {11779,4,{-30,-119,-90,-52,-72}},
    {11783,6,{-30,-122,-102}}, {11789,5,{-30,-128,-91}}, {11794,4,{-30,-119,-80}},
    {11798,11,{-30,-122,-102}}, {11809,16,{-30,-122,-82}}, {11825,5,{-30,-119,-80}},
    {11830,6,{-30,-119,-90,-52,-72}}, {11836,10,{-30,-87,-67,-52,-72}},
    {11846,5,{-30,-87,-67,-52,-72}}, {11851,6,{-30,-119,-82}}, {11857,6,{-30,-119,-76}},
    {11863,4,{-30,-119,-82}}, {11867,6,{-30,-117,-86}}, {11873,7,{-30,-117,-84}},
    {11880,5,{-30,-120,-92}}, {11885,5,{-16,-99,-107,-97}}, {11890,3,{-62,-84}},
    {11893,4,{-62,-84}}, {11897,6,{-30,-120,-119}}, {11903,7,{-30,-117,-71,-52,-72}},
    {11910,9,{-30,-117,-75,-52,-72}}, {11919,8,{-30,-120,-119}}, {11927,8,{-30,-117,-73}},
    {11935,8,{-30,-117,-74}}, {11943,6,{-30,-120,-116}}, {11949,8,{-30,-120,-116}},
    {11957,8,{-30,-117,-66}}, {11965,8,{-30,-117,-67}}, {11973,5,{-30,-120,-90}},
    {11978,10,{-30,-120,-90}}, {11988,7,{-30,-85,-67,-30,-125,-91}},
    {11995,6,{-30,-120,-126,-52,-72}}, {12001,8,{-30,-88,-108}}, {12009,4,{-30,-118,-128}},
    {12013,7,{-30,-117,-96}}, {12020,5,{-30,-86,-81,-52,-72}}, {12025,6,{-30,-118,-128}},
    {12031,8,{-30,-86,-81,-52,-72}}, {12039,6,{-30,-121,-113}}, {12045,6,{-30,-122,-101}},
    {12051,7,{-30,-92,-77,-52,-72}}, {12058,7,{-30,-122,-99,-52,-72}}, {12065,12,{-30,-122,-101}},
    {12077,6,{-30,-117,-85}}, {12083,7,{-30,-117,-83}}, {12090,4,{-30,-118,-127}},
    {12094,7,{-30,-117,-95}}, {12101,5,{-30,-86,-80,-52,-72}}, {12106,5,{-16,-99,-109,-125}},
    {12111,10,{-30,-120,-92}}, {12121,15,{-30,-120,-90}}, {12136,5,{-30,-119,-127}},
    {12141,6,{-30,-119,-124}}, {12147,7,{-30,-119,-124}}, {12154,6,{-30,-120,-92}},
    {12160,6,{-30,-120,-90}}, {12166,8,{-30,-117,-94}}, {12174,8,{-30,-117,-93}},
    {12182,5,{-30,-118,-124}}, {12187,6,{-30,-85,-123,-52,-72}}, {12193,6,{-30,-118,-120}},
    {12199,8,{-30,-118,-126,-30,-125,-110}}, {12207,10,{-30,-118,-120}},
    {12217,11,{-30,-85,-123,-52,-72}}, {12228,6,{-30,-118,-127}}, {12234,8,{-30,-86,-80,-52,-72}},
    {12242,5,{-30,-118,-123}}, {12247,6,{-30,-85,-122,-52,-72}}, {12253,6,{-30,-118,-119}},
    {12259,8,{-30,-118,-125,-30,-125,-110}}, {12267,10,{-30,-118,-119}},
    {12277,11,{-30,-85,-122,-52,-72}}, {12288,5,{-30,-119,-71}}, {12293,6,{-61,-79}},
    {12299,7,{-61,-79}}, {12306,5,{-30,-119,-72}}, {12311,14,{-30,-117,-86}},
    {12325,16,{-30,-117,-84}}, {12341,15,{-30,-117,-85}}, {12356,17,{-30,-117,-83}},
    {12373,3,{-50,-67}}, {12376,4,{35}}, {12380,7,{-30,-124,-106}}, {12387,6,{-30,-128,-121}},
    {12393,7,{-30,-118,-83}}, {12400,7,{-30,-92,-124}}, {12407,5,{-30,-119,-115,-30,-125,-110}},
    {12412,7,{-30,-118,-84}}, {12419,5,{-30,-119,-91,-30,-125,-110}},
    {12424,5,{62,-30,-125,-110}}, {12429,8,{-30,-89,-98}}, {12437,7,{-30,-92,-126}},
    {12444,5,{-30,-119,-92,-30,-125,-110}}, {12449,5,{60,-30,-125,-110}},
    {12454,8,{-30,-118,-76,-30,-125,-110}}, {12462,7,{-30,-92,-125}},
    {12469,8,{-30,-118,-75,-30,-125,-110}}, {12477,6,{-30,-120,-68,-30,-125,-110}},
    {12483,6,{-30,-121,-106}}, {12489,7,{-30,-92,-93}}, {12496,6,{-30,-122,-106}},
    {12502,8,{-30,-122,-106}}, {12510,7,{-30,-92,-89}}, {12517,3,{-30,-109,-120}},
    {12520,6,{-61,-77}}, {12526,7,{-61,-77}}, {12533,5,{-30,-118,-101}},
    {12538,5,{-30,-118,-102}}, {12543,5,{-61,-76}}, {12548,6,{-61,-76}}, {12554,4,{-48,-66}},
    {12558,6,{-30,-118,-99}}, {12564,7,{-59,-111}}, {12571,5,{-30,-88,-72}},
    {12576,5,{-30,-118,-103}}, {12581,7,{-30,-90,-68}}, {12588,6,{-59,-109}},
    {12594,6,{-30,-90,-65}}, {12600,4,{-16,-99,-108,-84}}, {12604,5,{-53,-101}},
    {12609,6,{-61,-78}}, {12615,7,{-61,-78}}, {12622,4,{-30,-89,-127}}, {12626,6,{-30,-90,-75}},
    {12632,4,{-50,-87}}, {12636,5,{-30,-120,-82}}, {12641,6,{-30,-122,-70}},
    {12647,6,{-30,-90,-66}}, {12653,8,{-30,-90,-69}}, {12661,6,{-30,-128,-66}},
    {12667,4,{-30,-89,-128}}, {12671,6,{-59,-115}}, {12677,6,{-49,-119}}, {12683,8,{-50,-65}},
    {12691,5,{-30,-90,-74}}, {12696,7,{-30,-118,-106}}, {12703,5,{-16,-99,-107,-96}},
    {12708,5,{-30,-90,-73}}, {12713,6,{-30,-90,-71}}, {12719,6,{-30,-118,-107}},
    {12725,3,{-30,-120,-88}}, {12728,6,{-30,-122,-69}}, {12734,4,{-30,-87,-99}},
    {12738,6,{-30,-124,-76}}, {12744,8,{-30,-124,-76}}, {12752,4,{-62,-86}}, {12756,5,{-62,-86}},
    {12761,4,{-62,-70}}, {12765,5,{-62,-70}}, {12770,7,{-30,-118,-74}}, {12777,5,{-30,-87,-106}},
    {12782,8,{-30,-87,-105}}, {12790,4,{-30,-87,-101}}, {12794,5,{-30,-124,-76}},
    {12799,6,{-61,-72}}, {12805,7,{-61,-72}}, {12812,5,{-30,-118,-104}}, {12817,6,{-61,-75}},
    {12823,7,{-61,-75}}, {12830,7,{-30,-118,-105}}, {12837,9,{-30,-88,-74}}, {12846,4,{-61,-74}},
    {12850,5,{-61,-74}}, {12855,6,{-30,-116,-67}}, {12861,4,{-30,-120,-91}}, {12865,4,{-62,-74}},
    {12869,5,{-62,-74}}, {12874,9,{-30,-120,-91}}, {12883,7,{-30,-85,-77}},
    {12890,6,{-30,-85,-67}}, {12896,5,{-30,-120,-126}}, {12901,4,{-48,-65}}, {12905,7,{37}},
    {12912,7,{46}}, {12919,7,{-30,-128,-80}}, {12926,5,{-30,-118,-91}}, {12931,8,{-30,-128,-79}},
    {12939,4,{-16,-99,-108,-83}}, {12943,4,{-49,-122}}, {12947,5,{-49,-107}},
    {12952,7,{-30,-124,-77}}, {12959,6,{-30,-104,-114}}, {12965,3,{-49,-128}},
    {12968,10,{-30,-117,-108}}, {12978,4,{-49,-106}}, {12982,7,{-30,-124,-113}},
    {12989,8,{-30,-124,-114}}, {12997,7,{-30,-124,-113}}, {13004,5,{43}}, {13009,9,{-30,-88,-93}},
    {13018,6,{-30,-118,-98}}, {13024,8,{-30,-88,-94}}, {13032,7,{-30,-120,-108}},
    {13039,7,{-30,-88,-91}}, {13046,6,{-30,-87,-78}}, {13052,6,{-62,-79}}, {13058,7,{-62,-79}},
    {13065,8,{-30,-88,-90}}, {13073,8,{-30,-88,-89}}, {13081,3,{-62,-79}},
    {13084,9,{-30,-88,-107}}, {13093,5,{-16,-99,-107,-95}}, {13098,5,{-62,-93}},
    {13103,6,{-62,-93}}, {13109,3,{-30,-119,-70}}, {13112,4,{-30,-86,-77}},
    {13116,5,{-30,-86,-73}}, {13121,6,{-30,-119,-68}}, {13127,4,{-30,-86,-81}},
    {13131,5,{-30,-119,-70}}, {13136,11,{-30,-86,-73}}, {13147,12,{-30,-119,-68}},
    {13159,7,{-30,-86,-81}}, {13166,12,{-30,-86,-71}}, {13178,9,{-30,-86,-75}},
    {13187,9,{-30,-117,-88}}, {13196,8,{-30,-119,-66}}, {13204,6,{-30,-128,-78}},
    {13210,7,{-30,-124,-103}}, {13217,5,{-30,-86,-75}}, {13222,6,{-30,-86,-71}},
    {13228,7,{-30,-117,-88}}, {13235,5,{-30,-120,-113}}, {13240,9,{-30,-116,-82}},
    {13249,9,{-30,-116,-110}}, {13258,9,{-30,-116,-109}}, {13267,5,{-30,-120,-99}},
    {13272,7,{-30,-120,-99}}, {13279,6,{-30,-119,-66}}, {13285,7,{-30,-118,-80}},
    {13292,5,{-16,-99,-109,-123}}, {13297,4,{-49,-120}}, {13301,7,{-30,-128,-120}},
    {13308,4,{-16,-99,-108,-82}}, {13312,5,{-30,-88,-116}}, {13317,5,{-16,-99,-107,-94}},
    {13322,7,{-30,-127,-105}}, {13329,5,{-16,-99,-109,-122}}, {13334,12,{-30,-124,-115}},
    {13346,8,{-30,-88,-106}}, {13354,6,{63}}, {13360,8,{-30,-119,-97}}, {13368,4,{34}},
    {13372,5,{34}}, {13377,6,{-30,-121,-101}}, {13383,5,{-30,-121,-110}},
    {13388,7,{-30,-92,-100}}, {13395,6,{-30,-92,-113}}, {13401,5,{-30,-91,-92}},
    {13406,5,{-30,-120,-67,-52,-79}}, {13411,7,{-59,-107}}, {13418,6,{-30,-120,-102}},
    {13424,9,{-30,-90,-77}}, {13433,5,{-30,-97,-87}}, {13438,6,{-30,-90,-110}},
    {13444,6,{-30,-90,-91}}, {13450,7,{-30,-97,-87}}, {13457,5,{-62,-69}}, {13462,6,{-62,-69}},
    {13468,5,{-30,-122,-110}}, {13473,7,{-30,-91,-75}}, {13480,6,{-30,-121,-91}},
    {13486,8,{-30,-92,-96}}, {13494,6,{-30,-92,-77}}, {13500,7,{-30,-92,-98}},
    {13507,7,{-30,-122,-86}}, {13514,7,{-30,-122,-84}}, {13521,7,{-30,-91,-123}},
    {13528,8,{-30,-91,-76}}, {13536,7,{-30,-122,-93}}, {13543,6,{-30,-122,-99}},
    {13549,7,{-30,-92,-102}}, {13556,6,{-30,-120,-74}}, {13562,10,{-30,-124,-102}},
    {13572,6,{-30,-92,-115}}, {13578,6,{-30,-99,-77}}, {13584,7,{125}}, {13591,7,{93}},
    {13598,6,{-30,-90,-116}}, {13604,8,{-30,-90,-114}}, {13612,8,{-30,-90,-112}},
    {13620,7,{-59,-103}}, {13627,7,{-59,-105}}, {13634,6,{-30,-116,-119}}, {13640,5,{125}},
    {13645,4,{-47,-128}}, {13649,5,{-30,-92,-73}}, {13654,8,{-30,-91,-87}},
    {13662,6,{-30,-128,-99}}, {13668,7,{-30,-128,-99}}, {13675,5,{-30,-122,-77}},
    {13680,5,{-30,-124,-100}}, {13685,8,{-30,-124,-101}}, {13693,9,{-30,-124,-100}},
    {13702,6,{-30,-124,-99}}, {13708,5,{-30,-106,-83}}, {13713,3,{-62,-82}}, {13716,4,{-62,-82}},
    {13720,7,{-30,-91,-67}}, {13727,7,{-30,-116,-117}}, {13734,4,{-16,-99,-108,-81}},
    {13738,6,{-30,-121,-127}}, {13744,6,{-30,-121,-128}}, {13750,7,{-30,-91,-84}},
    {13757,4,{-49,-127}}, {13761,5,{-49,-79}}, {13766,11,{-30,-122,-110}},
    {13777,15,{-30,-122,-93}}, {13792,17,{-30,-121,-127}}, {13809,15,{-30,-121,-128}},
    {13824,16,{-30,-121,-124}}, {13840,18,{-30,-121,-116}}, {13858,17,{-30,-121,-119}},
    {13875,16,{-30,-122,-99}}, {13891,16,{-30,-117,-116}}, {13907,5,{-53,-102}},
    {13912,13,{-30,-119,-109}}, {13925,6,{-30,-121,-124}}, {13931,6,{-30,-121,-116}},
    {13937,4,{-30,-128,-113}}, {13941,7,{-30,-114,-79}}, {13948,11,{-30,-114,-79}},
    {13959,6,{-30,-85,-82}}, {13965,6,{-30,-97,-83}}, {13971,6,{-30,-121,-66}},
    {13977,6,{-30,-97,-89}}, {13983,6,{-30,-90,-122}}, {13989,5,{-16,-99,-107,-93}},
    {13994,7,{-30,-88,-82}}, {14001,8,{-30,-88,-75}}, {14009,5,{41}}, {14014,7,{-30,-90,-108}},
    {14021,9,{-30,-88,-110}}, {14030,6,{-30,-121,-119}}, {14036,7,{-30,-128,-70}},
    {14043,5,{-16,-99,-109,-121}}, {14048,4,{-30,-122,-79}}, {14052,5,{93}},
    {14057,6,{-30,-128,-103}}, {14063,7,{-30,-128,-103}}, {14070,7,{-30,-117,-116}},
    {14077,7,{-30,-117,-118}}, {14084,5,{-30,-106,-71}}, {14089,6,{-30,-118,-75}},
    {14095,6,{-30,-106,-72}}, {14101,9,{-30,-89,-114}}, {14110,8,{-30,-91,-88}},
    {14118,3,{-30,-124,-98}}, {14121,7,{-59,-101}}, {14128,6,{-30,-128,-102}},
    {14134,3,{-30,-119,-69}}, {14137,4,{-30,-86,-76}}, {14141,5,{-30,-86,-72}},
    {14146,7,{-59,-95}}, {14153,6,{-30,-119,-67}}, {14159,4,{-30,-86,-80}}, {14163,7,{-59,-97}},
    {14170,6,{-59,-99}}, {14176,5,{-30,-86,-74}}, {14181,6,{-30,-86,-70}},
    {14187,7,{-30,-117,-87}}, {14194,9,{-30,-88,-109}}, {14203,6,{-30,-119,-65}},
    {14209,4,{-47,-127}}, {14213,5,{-30,-117,-123}}, {14218,6,{-30,-118,-95}},
    {14224,6,{-30,-87,-90}}, {14230,6,{-30,-121,-104}}, {14236,7,{-30,-92,-91}},
    {14243,6,{-30,-122,-104}}, {14249,8,{-30,-122,-104}}, {14257,4,{-62,-89}},
    {14261,5,{-62,-89}}, {14266,5,{59}}, {14271,7,{-30,-92,-87}}, {14278,9,{-30,-120,-106}},
    {14287,6,{-30,-120,-106}}, {14293,5,{-30,-100,-74}}, {14298,4,{-16,-99,-108,-80}},
    {14302,7,{-30,-116,-94}}, {14309,6,{-30,-103,-81}}, {14315,7,{-47,-119}},
    {14322,5,{-47,-120}}, {14327,9,{-30,-120,-93}}, {14336,14,{-30,-120,-91}},
    {14350,3,{-62,-83}}, {14353,4,{-62,-83}}, {14357,6,{-49,-125}}, {14363,7,{-49,-126}},
    {14370,7,{-49,-126}}, {14377,4,{-30,-120,-68}}, {14381,7,{-30,-87,-86}},
    {14388,5,{-30,-119,-125}}, {14393,6,{-30,-119,-125}}, {14399,5,{-30,-86,-98}},
    {14404,6,{-30,-86,-96}}, {14410,5,{-30,-86,-99}}, {14415,6,{-30,-86,-97}},
    {14421,6,{-30,-119,-122}}, {14427,8,{-30,-88,-92}}, {14435,8,{-30,-91,-78}},
    {14443,6,{-30,-122,-112}}, {14449,14,{-30,-120,-106}}, {14463,7,{-30,-88,-77}},
    {14470,9,{-30,-89,-92}}, {14479,5,{-30,-120,-93}}, {14484,6,{-30,-116,-93}},
    {14490,4,{-30,-86,-86}}, {14494,5,{-30,-86,-84}}, {14499,6,{-30,-86,-84,-17,-72,-128}},
    {14505,7,{-47,-116}}, {14512,4,{47}}, {14516,5,{-30,-89,-124}}, {14521,7,{-30,-116,-65}},
    {14528,5,{-16,-99,-107,-92}}, {14533,7,{-30,-103,-96}}, {14540,10,{-30,-103,-96}},
    {14550,5,{-30,-120,-91}}, {14555,6,{-30,-118,-109}}, {14561,7,{-30,-118,-109,-17,-72,-128}},
    {14568,6,{-30,-118,-108}}, {14574,7,{-30,-118,-108,-17,-72,-128}}, {14581,6,{-30,-118,-113}},
    {14587,7,{-30,-118,-111}}, {14594,9,{-30,-118,-113}}, {14603,11,{-30,-118,-111}},
    {14614,6,{-30,-118,-112}}, {14620,7,{-30,-118,-110}}, {14627,9,{-30,-118,-112}},
    {14636,11,{-30,-118,-110}}, {14647,4,{-30,-106,-95}}, {14651,7,{-30,-106,-95}},
    {14658,7,{-30,-106,-86}}, {14665,5,{-30,-106,-86}}, {14670,6,{-30,-122,-110}},
    {14676,5,{-16,-99,-109,-120}}, {14681,7,{-30,-120,-106}}, {14688,7,{-30,-116,-93}},
    {14695,7,{-30,-117,-122}}, {14702,5,{-30,-104,-122}}, {14707,6,{-30,-104,-123}},
    {14713,16,{-49,-75}}, {14729,12,{-49,-107}}, {14741,6,{-62,-81}}, {14747,4,{-30,-118,-126}},
    {14751,5,{-30,-85,-123}}, {14756,7,{-30,-86,-67}}, {14763,5,{-30,-118,-122}},
    {14768,8,{-30,-85,-125}}, {14776,8,{-30,-85,-127}}, {14784,6,{-30,-85,-117}},
    {14790,6,{-30,-118,-118}}, {14796,8,{-30,-86,-65}}, {14804,8,{-30,-91,-71}},
    {14812,7,{-30,-118,-126}}, {14819,9,{-30,-118,-122}}, {14828,10,{-30,-85,-123}},
    {14838,10,{-30,-118,-118}}, {14848,11,{-30,-85,-117}}, {14859,7,{-30,-85,-121}},
    {14866,7,{-30,-85,-107}}, {14873,7,{-30,-85,-109}}, {14880,5,{-30,-119,-69}},
    {14885,11,{-30,-86,-72}}, {14896,12,{-30,-119,-67}}, {14908,7,{-30,-86,-80}},
    {14915,12,{-30,-86,-70}}, {14927,9,{-30,-86,-74}}, {14936,9,{-30,-117,-87}},
    {14945,8,{-30,-119,-65}}, {14953,4,{-30,-120,-111}}, {14957,5,{-30,-103,-86}},
    {14962,4,{-62,-71}}, {14966,5,{-62,-71}}, {14971,4,{-62,-78}}, {14975,5,{-62,-78}},
    {14980,4,{-62,-77}}, {14984,5,{-62,-77}}, {14989,4,{-30,-118,-125}}, {14993,5,{-30,-85,-122}},
    {14998,7,{-30,-86,-66}}, {15005,8,{-30,-85,-104}}, {15013,5,{-30,-118,-121}},
    {15018,8,{-30,-85,-124}}, {15026,8,{-30,-97,-119}}, {15034,8,{-30,-85,-105}},
    {15042,8,{-30,-91,-69}}, {15050,8,{-30,-85,-126}}, {15058,6,{-30,-85,-116}},
    {15064,6,{-30,-118,-117}}, {15070,8,{-30,-85,-128}}, {15078,7,{-30,-118,-125}},
    {15085,9,{-30,-118,-121}}, {15094,10,{-30,-85,-122}}, {15104,10,{-30,-118,-117}},
    {15114,11,{-30,-85,-116}}, {15125,7,{-30,-85,-120}}, {15132,7,{-30,-85,-108}},
    {15139,7,{-30,-85,-106}}, {15146,6,{-30,-121,-103}}, {15152,7,{-30,-92,-90}},
    {15159,6,{-30,-122,-103}}, {15165,8,{-30,-122,-103}}, {15173,7,{-30,-92,-86}},
    {15180,5,{-61,-97}}, {15185,6,{-61,-97}}, {15191,7,{-30,-116,-106}}, {15198,4,{-49,-124}},
    {15202,5,{-30,-114,-76}}, {15207,7,{-59,-91}}, {15214,7,{-59,-93}}, {15221,4,{-47,-126}},
    {15225,5,{-30,-125,-101}}, {15230,7,{-30,-116,-107}}, {15237,4,{-16,-99,-108,-79}},
    {15241,7,{-30,-120,-76}}, {15248,10,{-30,-120,-76}}, {15258,6,{-50,-72}},
    {15264,9,{-49,-111}}, {15273,7,{-49,-111}}, {15280,12,{-30,-119,-120}},
    {15292,9,{-30,-120,-68}}, {15301,7,{-30,-128,-119}}, {15308,6,{-30,-119,-120}},
    {15314,7,{-30,-120,-68}}, {15321,5,{-61,-66}}, {15326,6,{-61,-66}}, {15332,6,{-53,-100}},
    {15338,5,{-61,-105}}, {15343,6,{-61,-105}}, {15349,7,{-30,-118,-96}}, {15356,9,{-30,-88,-79}},
    {15365,7,{-30,-88,-80}}, {15372,5,{-30,-120,-83}}, {15377,5,{-30,-92,-88}},
    {15382,4,{-30,-118,-92}}, {15386,7,{-30,-116,-74}}, {15393,7,{-30,-85,-79}},
    {15400,5,{-16,-99,-107,-91}}, {15405,8,{-30,-85,-102}}, {15413,5,{-30,-92,-87}},
    {15418,7,{-30,-128,-76}}, {15425,6,{-30,-124,-94}}, {15431,9,{-30,-106,-75}},
    {15440,13,{-30,-106,-65}}, {15453,13,{-30,-105,-125}}, {15466,15,{-30,-118,-76}},
    {15481,10,{-30,-119,-100}}, {15491,14,{-30,-106,-71}}, {15505,16,{-30,-118,-75}},
    {15521,7,{-30,-105,-84}}, {15528,5,{-30,-119,-100}}, {15533,9,{-30,-88,-70}},
    {15542,8,{-30,-88,-71}}, {15550,6,{-30,-89,-115}}, {15556,8,{-30,-88,-69}},
    {15564,9,{-30,-113,-94}}, {15573,5,{-16,-99,-109,-119}}, {15578,5,{-47,-122}},
    {15583,6,{-47,-101}}, {15589,7,{-59,-89}}, {15596,6,{-30,-119,-84}},
    {15602,17,{-30,-122,-98}}, {15619,18,{-30,-122,-96}}, {15637,5,{-30,-121,-111}},
    {15642,5,{-30,-91,-93}}, {15647,6,{-61,-70}}, {15653,7,{-61,-70}}, {15660,5,{-30,-122,-111}},
    {15665,6,{-47,-98}}, {15671,7,{-59,-83}}, {15678,5,{-61,-69}}, {15683,6,{-61,-69}},
    {15689,4,{-47,-125}}, {15693,6,{-30,-121,-123}}, {15699,7,{-59,-79}}, {15706,6,{-30,-91,-82}},
    {15712,7,{-30,-91,-66}}, {15719,4,{-16,-99,-108,-78}}, {15723,6,{-61,-71}},
    {15729,7,{-61,-71}}, {15736,6,{-30,-122,-65}}, {15742,6,{-30,-122,-66}},
    {15748,6,{-30,-106,-128}}, {15754,7,{-30,-116,-100}}, {15761,9,{-30,-116,-100}},
    {15770,7,{-30,-116,-113}}, {15777,6,{-30,-105,-72}}, {15783,6,{-59,-85}}, {15789,3,{-62,-88}},
    {15792,4,{-62,-88}}, {15796,6,{-59,-77}}, {15802,5,{-16,-99,-107,-90}},
    {15807,8,{-30,-122,-111}}, {15815,12,{-30,-122,-107}}, {15827,14,{-30,-122,-65}},
    {15841,15,{-30,-122,-66}}, {15856,6,{-30,-118,-114}}, {15862,5,{-49,-123}},
    {15867,6,{-49,-110}}, {15873,8,{-49,-123}}, {15881,11,{-30,-121,-120}},
    {15892,7,{-30,-116,-99}}, {15899,9,{-30,-116,-99}}, {15908,7,{-30,-116,-114}},
    {15915,6,{-59,-81}}, {15921,6,{-30,-105,-71}}, {15927,5,{-16,-99,-109,-118}},
    {15932,6,{-30,-117,-80}}, {15938,7,{-59,-87}}, {15945,5,{-30,-106,-75}},
    {15950,6,{-30,-106,-76}}, {15956,6,{-30,-121,-120}}, {15962,4,{-61,-68}}, {15966,5,{-61,-68}},
    {15971,8,{-30,-90,-89}}, {15979,5,{-30,-121,-107}}, {15984,5,{-30,-85,-88}},
    {15989,6,{-30,-85,-87}}, {15995,6,{-30,-118,-88}}, {16001,7,{-30,-90,-100}},
    {16008,11,{-49,-75}}, {16019,9,{-49,-80}}, {16028,11,{-30,-120,-123}}, {16039,7,{-49,-107}},
    {16046,6,{-49,-106}}, {16052,10,{-30,-120,-99}}, {16062,5,{-30,-122,-107}},
    {16067,7,{-49,-79}}, {16074,9,{-49,-126}}, {16083,13,{-30,-118,-118,-17,-72,-128}},
    {16096,14,{-30,-85,-117,-17,-72,-128}}, {16110,13,{-30,-118,-117,-17,-72,-128}},
    {16123,14,{-30,-85,-116,-17,-72,-128}}, {16137,9,{-49,-111}}, {16146,16,{-30,-118,-78}},
    {16162,17,{-30,-118,-77}}, {16179,4,{-48,-78}}, {16183,6,{-30,-118,-94}},
    {16189,4,{-30,-120,-88}}, {16193,7,{-30,-118,-69}}, {16200,6,{-30,-119,-102}},
    {16206,7,{-30,-117,-82}}, {16213,7,{124}}, {16220,5,{124}}, {16225,4,{-16,-99,-108,-77}},
    {16229,6,{-30,-118,-78}}, {16235,6,{-30,-118,-126,-30,-125,-110}},
    {16241,6,{-30,-118,-125,-30,-125,-110}}, {16247,5,{-16,-99,-107,-89}},
    {16252,6,{-30,-120,-99}}, {16258,6,{-30,-118,-77}}, {16264,5,{-16,-99,-109,-117}},
    {16269,7,{-30,-85,-117,-17,-72,-128}}, {16276,7,{-30,-118,-118,-17,-72,-128}},
    {16283,7,{-30,-85,-116,-17,-72,-128}}, {16290,7,{-30,-118,-117,-17,-72,-128}},
    {16297,8,{-30,-90,-102}}, {16305,6,{-59,-75}}, {16311,7,{-30,-87,-97}},
    {16318,6,{-30,-120,-89}}, {16324,7,{-30,-119,-103}}, {16331,7,{-30,-124,-104}},
    {16338,4,{-16,-99,-108,-76}}, {16342,5,{-16,-99,-107,-88}}, {16347,3,{-30,-124,-104}},
    {16350,3,{-30,-119,-128}}, {16353,7,{-30,-119,-128}}, {16360,5,{-16,-99,-109,-116}},
    {16365,5,{-30,-117,-126}}, {16370,6,{-30,-105,-81}}, {16376,5,{-30,-117,-125}},
    {16381,6,{-30,-106,-67}}, {16387,4,{-16,-99,-108,-75}}, {16391,6,{-30,-97,-70}},
    {16397,6,{-30,-97,-73}}, {16403,3,{-50,-66}}, {16406,6,{-30,-97,-72}},
    {16412,6,{-30,-97,-75}}, {16418,5,{-30,-97,-68}}, {16423,5,{-30,-117,-69}},
    {16428,6,{-30,-88,-128}}, {16434,5,{-16,-99,-107,-87}}, {16439,7,{-30,-88,-127}},
    {16446,7,{-30,-88,-126}}, {16453,6,{-30,-97,-71}}, {16459,6,{-30,-97,-74}},
    {16465,5,{-16,-99,-109,-115}}, {16470,7,{-30,-88,-122}}, {16477,7,{-30,-88,-124}},
    {16484,6,{-30,-106,-77}}, {16490,5,{-30,-117,-127}}, {16495,7,{-30,-117,-128}},
    {16502,6,{-61,-67}}, {16508,7,{-61,-67}}, {16515,5,{-47,-113}}, {16520,6,{-59,-73}},
    {16526,4,{-47,-117}}, {16530,3,{-62,-91}}, {16533,4,{-62,-91}}, {16537,4,{-16,-99,-108,-74}},
    {16541,5,{-47,-105}}, {16546,5,{-16,-99,-107,-86}}, {16551,5,{-16,-99,-109,-114}},
    {16556,5,{-47,-114}}, {16561,4,{-61,-65}}, {16565,5,{-61,-65}}, {16570,7,{-59,-70}},
    {16577,7,{-59,-66}}, {16584,4,{-48,-73}}, {16588,5,{-59,-68}}, {16593,7,{-30,-124,-88}},
    {16600,5,{-50,-74}}, {16605,4,{-16,-99,-108,-73}}, {16609,5,{-48,-74}},
    {16614,8,{-30,-121,-99}}, {16622,5,{-16,-99,-107,-85}}, {16627,5,{-16,-99,-109,-113}},
    {16632,4,{-30,-128,-115}}, {16636,5,{-30,-128,-116}},
};
/* clang-format on */

#endif
