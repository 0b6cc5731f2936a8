/**
 * Errors are sentences in three parts: what was asked, what was found, what to do.
 * Each class has a stable `code`, so that programs can tell them apart without reading English.
 */
export class PhysgradError extends Error {
  readonly code: string
  constructor(
    code: string,
    readonly asked: string,
    readonly found: string,
    readonly advice: string
  ) {
    super(`${asked}: ${found}. ${advice}.`)
    this.code = code
    this.name = new.target.name
  }
}

/** Shapes that do not fit, ragged arrays, wrong sizes, axes out of range. */
export class ShapeError extends PhysgradError {
  constructor(asked: string, found: string, advice: string) {
    super('ERR_SHAPE', asked, found, advice)
  }
}

/** Something that is not a number or a tensor, or f32 and f64 in one operator. */
export class DTypeError extends PhysgradError {
  constructor(asked: string, found: string, advice: string) {
    super('ERR_DTYPE', asked, found, advice)
  }
}

/** An operator lacks a rule, or a rule returned something wrong. */
export class RuleError extends PhysgradError {
  constructor(asked: string, found: string, advice: string) {
    super('ERR_RULE', asked, found, advice)
  }
}

/** No input near the current one gives the target, or a matrix has no inverse (it is singular) or no Cholesky factor. */
export class InverseError extends PhysgradError {
  constructor(asked: string, found: string, advice: string) {
    super('ERR_INVERSE', asked, found, advice)
  }
}

/** An iteration was told to throw when it does not converge. */
export class ConvergenceError extends PhysgradError {
  constructor(asked: string, found: string, advice: string) {
    super('ERR_CONVERGENCE', asked, found, advice)
  }
}

/** NaN or infinity where a finite number is needed. */
export class NonFiniteError extends PhysgradError {
  constructor(asked: string, found: string, advice: string) {
    super('ERR_NON_FINITE', asked, found, advice)
  }
}

/** A setting outside of its range: a negative learning rate, a tolerance that is not a number, a method of no known name. */
export class OptionError extends PhysgradError {
  constructor(asked: string, found: string, advice: string) {
    super('ERR_OPTION', asked, found, advice)
  }
}

/** A derivative that does not exist as asked: a non-scalar loss, a tape that is gone, an async function. */
export class GradientError extends PhysgradError {
  constructor(asked: string, found: string, advice: string) {
    super('ERR_GRADIENT', asked, found, advice)
  }
}

/** Bytes or text that are not what they should be: cut off, damaged, of another format. */
export class FormatError extends PhysgradError {
  constructor(asked: string, found: string, advice: string) {
    super('ERR_FORMAT', asked, found, advice)
  }
}

/** What lives on a GPU cannot be had: it must be awaited, the device is lost, or there is none. */
export class DeviceError extends PhysgradError {
  constructor(asked: string, found: string, advice: string) {
    super('ERR_DEVICE', asked, found, advice)
  }
}
