//! Vector registers: what only VEX encodes.

macro_rules! avx {
    ($next:ident $($rest:ident)*; $($rows:tt)*) => { $next! { $($rest)*; $($rows)*
        Vpbroadcastb "vpbroadcastb" AVX2 [rm(P66_0F38, 0x78, XM8).vex()];
        Vpbroadcastw "vpbroadcastw" AVX2 [rm(P66_0F38, 0x79, XM16).vex()];
        Vpbroadcastd "vpbroadcastd" AVX2 [rm(P66_0F38, 0x58, XM32).vex()];
        Vpbroadcastq "vpbroadcastq" AVX2 [rm(P66_0F38, 0x59, XM64).vex()];
        Vbroadcastss "vbroadcastss" AVX  [
            rm(P66_0F38, 0x18, M32).vex(),
            rm(P66_0F38, 0x18, X).vex().needs(Features::AVX2),
        ];
        Vpermilps    "vpermilps"    AVX  [rmi(P66_0F3A, 0x04, XM128).vex()];

        Vfmadd132ss  "vfmadd132ss"  FMA  [rvm(P66_0F38, 0x99, XM32).vex()];
        Vfmadd132sd  "vfmadd132sd"  FMA  [rvm(P66_0F38, 0x99, XM64).vex().w1()];
        Vfmadd132ps  "vfmadd132ps"  FMA  [rvm(P66_0F38, 0x98, XM128).vex()];
        Vfmadd132pd  "vfmadd132pd"  FMA  [rvm(P66_0F38, 0x98, XM128).vex().w1()];
        Vfmadd213ss  "vfmadd213ss"  FMA  [rvm(P66_0F38, 0xa9, XM32).vex()];
        Vfmadd213sd  "vfmadd213sd"  FMA  [rvm(P66_0F38, 0xa9, XM64).vex().w1()];
        Vfmadd213ps  "vfmadd213ps"  FMA  [rvm(P66_0F38, 0xa8, XM128).vex()];
        Vfmadd213pd  "vfmadd213pd"  FMA  [rvm(P66_0F38, 0xa8, XM128).vex().w1()];
        Vfmadd231ss  "vfmadd231ss"  FMA  [rvm(P66_0F38, 0xb9, XM32).vex()];
        Vfmadd231sd  "vfmadd231sd"  FMA  [rvm(P66_0F38, 0xb9, XM64).vex().w1()];
        Vfmadd231ps  "vfmadd231ps"  FMA  [rvm(P66_0F38, 0xb8, XM128).vex()];
        Vfmadd231pd  "vfmadd231pd"  FMA  [rvm(P66_0F38, 0xb8, XM128).vex().w1()];
        Vfnmadd132ss "vfnmadd132ss" FMA  [rvm(P66_0F38, 0x9d, XM32).vex()];
        Vfnmadd132sd "vfnmadd132sd" FMA  [rvm(P66_0F38, 0x9d, XM64).vex().w1()];
        Vfnmadd132ps "vfnmadd132ps" FMA  [rvm(P66_0F38, 0x9c, XM128).vex()];
        Vfnmadd132pd "vfnmadd132pd" FMA  [rvm(P66_0F38, 0x9c, XM128).vex().w1()];
        Vfnmadd213ss "vfnmadd213ss" FMA  [rvm(P66_0F38, 0xad, XM32).vex()];
        Vfnmadd213sd "vfnmadd213sd" FMA  [rvm(P66_0F38, 0xad, XM64).vex().w1()];
        Vfnmadd213ps "vfnmadd213ps" FMA  [rvm(P66_0F38, 0xac, XM128).vex()];
        Vfnmadd213pd "vfnmadd213pd" FMA  [rvm(P66_0F38, 0xac, XM128).vex().w1()];
        Vfnmadd231ss "vfnmadd231ss" FMA  [rvm(P66_0F38, 0xbd, XM32).vex()];
        Vfnmadd231sd "vfnmadd231sd" FMA  [rvm(P66_0F38, 0xbd, XM64).vex().w1()];
        Vfnmadd231ps "vfnmadd231ps" FMA  [rvm(P66_0F38, 0xbc, XM128).vex()];
        Vfnmadd231pd "vfnmadd231pd" FMA  [rvm(P66_0F38, 0xbc, XM128).vex().w1()];
    } };
}
