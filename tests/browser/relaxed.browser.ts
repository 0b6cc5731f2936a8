// Runs in the browser only, whose engine has relaxed SIMD without a flag. Every exported function is a test, as in gpu.browser.ts.
import { useRelaxed } from '../../core/backends/relaxed/index.js'
import { backends, withBackend } from '../../core/index.js'
import { convolutionErrors, matmulError, TOLERANCE, winogradErrors } from '../core/kernelFuzz.js'

/** Products and convolutions against the plain kernels, on random shapes. */
export function relaxedKernels(): string {
  const { fused } = useRelaxed()
  const row = backends().find(b => b.name === 'relaxed')
  if (!row?.available) throw new Error(JSON.stringify(row))
  return withBackend('relaxed', () => {
    const { worst, outside } = winogradErrors(100, 20)
    const f64 = Math.max(matmulError('f64', 100), ...Object.values(convolutionErrors('f64', 50)))
    const f32 = Math.max(matmulError('f32', 100), ...Object.values(worst))
    if (!(f64 <= TOLERANCE.f64 && f32 <= TOLERANCE.f32 && outside === 0)) throw new Error(`${f64} ${f32} ${outside}`)
    return `${fused ? 'fused' : 'not fused'} on this processor; off by ${f64} in f64, ${f32} in f32`
  })
}
