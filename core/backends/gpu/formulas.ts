/**
 * Functions in GPU.js's language that a GPU's own are no match for: theirs lose digits near 0 (expm1, log1p, tanh), overflow
 * on the way (tanh), or are given no accuracy at all (asin). Each is a piece of an expression for an argument `v`, a name.
 * Good to a few ulp of f32 where exp and log are.
 */
const series = (v: string, coefficients: readonly number[]): string =>
  coefficients.reduceRight((inner, c) => (inner ? `(${c} + ${v} * ${inner})` : `${c}`), '')

/** e^v - 1 */
export const expm1 = (v: string): string =>
  `(Math.abs(${v}) < 0.5 ? ${v} * ${series(v, [1, 1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040])} : Math.exp(${v}) - 1)`

/** Statements that make `name` = ln(1 + v): 2 artanh(v / (2 + v)) near 0. */
export const log1p = (name: string, v: string): string =>
  `const ${name}s = ${v} / (2 + ${v}); const ${name}q = ${name}s * ${name}s;
  const ${name} = Math.abs(${v}) < 0.3 ? 2 * ${name}s * ${series(`${name}q`, [1, 1 / 3, 1 / 5, 1 / 7, 1 / 9])} : Math.log(1 + ${v});`

/** Statements that make `name` = 1 / (1 + e^-v) from the exponential that cannot overflow. */
export const sigmoid = (name: string, v: string): string =>
  `const ${name}e = Math.exp(-Math.abs(${v}));
  const ${name} = ${v} >= 0 ? 1 / (1 + ${name}e) : ${name}e / (1 + ${name}e);`

/** Statements that return tanh v = -m/(m + 2) with m = e^(-2|v|) - 1 and the sign of v. */
export const tanh = (v: string): string =>
  `const w = -2 * Math.abs(${v}); const m = ${expm1('w')}; return Math.sign(${v}) * (-m) / (m + 2);`

export const sinh = (v: string): string =>
  `const q = ${v} * ${v};
  return Math.abs(${v}) < 0.5 ? ${v} * ${series('q', [1, 1 / 6, 1 / 120, 1 / 5040])} : (Math.exp(${v}) - Math.exp(-${v})) / 2;`

/**
 * Statements that make `name` = erfc v to 1.2e-7 of itself: W. H. Press et al., "Numerical Recipes", erfcc (a Chebyshev
 * fit by the authors).
 */
export const erfc = (name: string, v: string): string => `const ${name}z = Math.abs(${v});
  const ${name}t = 1 / (1 + 0.5 * ${name}z);
  const ${name}p = ${name}t * Math.exp(-${name}z * ${name}z + ${series(`${name}t`, [-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277])});
  const ${name} = ${v} >= 0 ? ${name}p : 2 - ${name}p;`

/** Statements that return erf v: its series near 0, where 1 - erfc would cancel. */
export const erf = (v: string): string => `${erfc('f', v)}
  const q = ${v} * ${v};
  return Math.abs(${v}) < 0.7 ? ${v} * ${series(
    'q',
    [1, -1 / 3, 1 / 10, -1 / 42, 1 / 216, -1 / 1320, 1 / 9360, -1 / 75600].map(c => (2 / Math.sqrt(Math.PI)) * c)
  )} : 1 - f;`

/** x^p for a number p. */
export function power(v: string, p: number): string {
  if (Number.isInteger(p) && Math.abs(p) <= 16) {
    const product = Array<string>(Math.abs(p)).fill(v).join(' * ')
    return p === 0 ? `0 * ${v} + 1` : p > 0 ? product : `1 / (${product})`
  }
  const root = `Math.pow(Math.abs(${v}), ${p})`
  return Number.isInteger(p) && p % 2 !== 0 ? `Math.sign(${v}) * ${root}` : root
}

/** Statements that make `name` = the angle of (b, a), as Math.atan2(a, b): a GPU's arc tangent of numbers up to 1, in octants. */
export const atan2 = (name: string, a: string, b: string): string => `const ${name}u = Math.abs(${a});
  const ${name}v = Math.abs(${b});
  const ${name}l = Math.max(${name}u, ${name}v);
  const ${name}t = ${name}l > 0 ? Math.atan(Math.min(${name}u, ${name}v) / ${name}l) : 0;
  const ${name}o = ${name}u > ${name}v ? ${Math.PI / 2} - ${name}t : ${name}t;
  const ${name}h = ${b} < 0 ? ${Math.PI} - ${name}o : ${name}o;
  const ${name} = ${a} < 0 ? 0 - ${name}h : ${a} > 0 ? ${name}h : 1 / ${a} < 0 ? 0 - ${name}h : ${name}h;`

/**
 * Statements that make `s` and `c`, sine and cosine of v: a GPU's own may be wrong by 6e-5. v less a multiple of π/2 in
 * three parts (Cody and Waite; up to |v| = 8,000), and the polynomials of Cephes' sinf and cosf (S. Moshier).
 */
export const sine = (v: string): string => `const k = Math.floor(${v} * ${2 / Math.PI} + 0.5);
  const r = ((${v} - k * 1.5703125) - k * 0.0004837512969970703) - k * 7.549789948768648e-8;
  const z = r * r;
  const p = r + r * z * (-0.16666654611 + z * (0.0083321608736 + z * -0.00019515295891));
  const q = 1 - 0.5 * z + z * z * (0.04166664568298827 + z * (-0.001388731625493765 + z * 0.00002443315711809948));
  const n = k - 4 * Math.floor(k / 4);
  const s = n < 0.5 ? p : n < 1.5 ? q : n < 2.5 ? 0 - p : 0 - q;
  const c = n < 0.5 ? q : n < 1.5 ? 0 - p : n < 2.5 ? 0 - q : p;`
