/**
 * What each check allows, and why. All in f64 with ε = 2.2e-16, relative to what is stated.
 *
 * Rounding grows with the number of terms and the condition of the operator; examples are small (tens of entries),
 * so 1e3 to 1e4 ε covers it, and a rule that is wrong by a percent is wrong by 10 orders of magnitude more.
 */
export const TOLERANCE = {
  /** Two sums of products in different order, relative to ‖J dx‖‖ct‖: a few hundred ε. */
  dot: 1e-12,
  /** Extrapolated central differences reach 1e-9 to 1e-12 of ‖dy‖; an error in a rule shows at 1e-2 or more. */
  finiteDifference: 1e-8,
  /** Two ways to one second derivative, both by rules: rounding only, of longer chains than the dot test. */
  secondOrder: 1e-10,
  /** The same rules with more axes in front: rounding of sums in another order. */
  sampleJacobian: 1e-12,
  /** ‖x̃ - x‖ relative to ‖x‖ + ‖y‖/σ_min: what rounding of y alone does to x. */
  fixpoint: 1e-11,
  /** ‖P(x̃) - ỹ‖ relative to ‖ỹ - y‖ (at least 1e-3 of ‖ỹ‖): a wrong branch or factor is wrong by 1e-2 or more. */
  roundTrip: 1e-9,
  /** 2 minus the fitted exponent of the error in ε: an error of first order gives 1, the law 0. */
  slope: 0.25,
  /** Growth of the mismatch relative to itself: rounding. */
  mismatch: 1e-9,
  /** Along the best conditioned direction a regularised inverse has nothing to regularise. */
  dominant: 1e-3,
  /** The stated order minus the fitted one. */
  order: 0.35,
  /** Entries that are only moved are not computed with. */
  moved: 1e-13,
  /** A Newton step against eigenvalues of a dense Hessian. */
  newtonStep: 1e-8,
  /** f32 has ε = 6e-8; sums of tens of terms and one badly rounded intermediate: 100 ε, relative to the largest. */
  f32: 1e-5,
  /** Derivatives in f32 pass through several operators. */
  f32Derivative: 1e-4
} as const
