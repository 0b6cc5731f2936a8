export const metricsOf = (): never[] => []
export const figuresOf = (): never[] => []
