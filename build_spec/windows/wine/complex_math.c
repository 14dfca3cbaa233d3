/* The C complex functions that Wine 10's ucrtbase.dll lacks and numpy needs. Only for the Wine prefix, never shipped. */
#include <complex.h>

/* Microsoft passes complex numbers as structures, and its long double is a double. */
typedef struct { float re, im; } single;
typedef struct { double re, im; } twin;
typedef twin twinl;

#define UNARY(name, type, suffix) \
    type my_##name##suffix(type z) \
    { \
        double complex w = name(__builtin_complex((double)z.re, (double)z.im)); \
        return (type){creal(w), cimag(w)}; \
    }
#define REAL(name, type, suffix, result) \
    result my_##name##suffix(type z) { return name(__builtin_complex((double)z.re, (double)z.im)); }
#define POWER(type, suffix) \
    type my_cpow##suffix(type z, type e) \
    { \
        double complex w = cpow(__builtin_complex((double)z.re, (double)z.im), __builtin_complex((double)e.re, (double)e.im)); \
        return (type){creal(w), cimag(w)}; \
    }
#define EACH_UNARY(name) UNARY(name, twin, ) UNARY(name, single, f) UNARY(name, twinl, l)
#define EACH_REAL(name) REAL(name, twin, , double) REAL(name, single, f, float) REAL(name, twinl, l, double)

EACH_UNARY(ccos) EACH_UNARY(ccosh) EACH_UNARY(cexp) EACH_UNARY(clog) EACH_UNARY(csin) EACH_UNARY(csinh)
EACH_UNARY(csqrt) EACH_UNARY(ctan) EACH_UNARY(ctanh) EACH_UNARY(cacos) EACH_UNARY(cacosh) EACH_UNARY(casin)
EACH_UNARY(casinh) EACH_UNARY(catan) EACH_UNARY(catanh)
EACH_REAL(cabs) EACH_REAL(carg) EACH_REAL(creal) EACH_REAL(cimag)
POWER(twin, ) POWER(single, f) POWER(twinl, l)
