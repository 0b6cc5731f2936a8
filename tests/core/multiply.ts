/** [m, k] × [k, n], by the definition. */
export function multiply(A: Float64Array, B: Float64Array, m: number, k: number, n: number): Float64Array {
  const C = new Float64Array(m * n)
  for (let i = 0; i < m; i++)
    for (let l = 0; l < k; l++) for (let j = 0; j < n; j++) C[i * n + j] += A[i * k + l] * B[l * n + j]
  return C
}
