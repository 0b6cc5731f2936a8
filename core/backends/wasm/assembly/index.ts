export * from './image'
export * from './gemm'
export * from './tapProduct'
export * from './tapAdjoint'
