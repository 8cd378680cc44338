//! Vector registers: what only EVEX encodes, 128 bits wide.

macro_rules! avx512 {
    ($next:ident $($rest:ident)*; $($rows:tt)*) => { $next! { $($rest)*; $($rows)*
        Vpabsq      "vpabsq"      AVX512VL [rm(P66_0F38, 0x1f, XM128).evex().w1()];
        Vpmullq     "vpmullq"     AVX512VL [rvm(P66_0F38, 0x40, XM128).evex().w1().needs(Features::AVX512DQ)];
        Vpminsq     "vpminsq"     AVX512VL [rvm(P66_0F38, 0x39, XM128).evex().w1()];
        Vpminuq     "vpminuq"     AVX512VL [rvm(P66_0F38, 0x3b, XM128).evex().w1()];
        Vpmaxsq     "vpmaxsq"     AVX512VL [rvm(P66_0F38, 0x3d, XM128).evex().w1()];
        Vpmaxuq     "vpmaxuq"     AVX512VL [rvm(P66_0F38, 0x3f, XM128).evex().w1()];
        Vpternlogd  "vpternlogd"  AVX512VL [rvmi(P66_0F3A, 0x25, XM128).evex()];
        Vpternlogq  "vpternlogq"  AVX512VL [rvmi(P66_0F3A, 0x25, XM128).evex().w1()];
        Vcvtudq2ps  "vcvtudq2ps"  AVX512VL [rm(PF2_0F, 0x7a, XM128).evex()];
        Vcvtudq2pd  "vcvtudq2pd"  AVX512VL [rm(PF3_0F, 0x7a, XM64).evex()];
        Vcvttps2udq "vcvttps2udq" AVX512VL [rm(P0F, 0x78, XM128).evex()];
        Vcvttpd2udq "vcvttpd2udq" AVX512VL [rm(P0F, 0x78, XM128).evex().w1()];
        Vcvtqq2pd   "vcvtqq2pd"   AVX512VL [rm(PF3_0F, 0xe6, XM128).evex().w1().needs(Features::AVX512DQ)];
        Vcvtuqq2pd  "vcvtuqq2pd"  AVX512VL [rm(PF3_0F, 0x7a, XM128).evex().w1().needs(Features::AVX512DQ)];
        Vcvttpd2qq  "vcvttpd2qq"  AVX512VL [rm(P66_0F, 0x7a, XM128).evex().w1().needs(Features::AVX512DQ)];
        Vcvttpd2uqq "vcvttpd2uqq" AVX512VL [rm(P66_0F, 0x78, XM128).evex().w1().needs(Features::AVX512DQ)];
        Vpsraq      "vpsraq"      AVX512VL [
            form(b"VMI", [X, XM128, U8], P66_0F, 0x72).ext(4).evex().w1(),
            rvm(P66_0F, 0xe2, XM128).evex().w1(),
        ];

        Vcvtusi2ss  "vcvtusi2ss"  AVX512F  [rvm(PF3_0F, 0x7b, RM).sizes(DQ).evex()];
        Vcvtusi2sd  "vcvtusi2sd"  AVX512F  [rvm(PF2_0F, 0x7b, RM).sizes(DQ).evex()];
        Vcvttss2usi "vcvttss2usi" AVX512F  [form(b"RM", [R, XM32], PF3_0F, 0x78).sizes(DQ).evex()];
        Vcvttsd2usi "vcvttsd2usi" AVX512F  [form(b"RM", [R, XM64], PF2_0F, 0x78).sizes(DQ).evex()];
    } };
}
