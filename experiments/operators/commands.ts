import type { Request } from '../shell/cli.js'
import { catalogue, findOperators } from './catalogue.js'

/** Runs explain, check, ops or backends; says whether all is well. Throws UnknownOperator for a wrong name. */
export async function runOperators(
  request: Extract<Request, { kind: 'explain' | 'check' | 'ops' | 'backends' }>,
  width: number
): Promise<boolean> {
  switch (request.kind) {
    case 'explain': {
      const { explain, explanation } = await import('./explain.js')
      const listed = await findOperators(request.names)
      console.log(
        request.json
          ? JSON.stringify(listed.map(explanation), null, 2)
          : listed.map(one => explain(one, width)).join('\n\n\n')
      )
      return true
    }
    case 'ops': {
      const { listText, operatorRows } = await import('./list.js')
      const rows = operatorRows()
      console.log(request.json ? JSON.stringify(rows, null, 2) : listText(rows, width))
      return true
    }
    case 'backends': {
      const { backendReport, backendText } = await import('./backends.js')
      const { useGpu } = await import('../../core/backends/gpu/index.js')
      const { useRelaxed } = await import('../../core/backends/relaxed/index.js')
      // Why there is none is part of the report.
      await useGpu().catch(() => {})
      try {
        useRelaxed()
      } catch {}
      const report = backendReport(request.words)
      console.log(request.json ? JSON.stringify(report, null, 2) : backendText(report))
      return true
    }
    case 'check': {
      const { checkJson, checkText, timedCheck } = await import('./check.js')
      const { names, json, verbose } = request
      const listed = names.includes('all') ? catalogue : await findOperators(names)
      const reports = listed.map(one => {
        if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${one.op.name}`)
        return timedCheck(one)
      })
      if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
      console.log(json ? checkJson(reports) : checkText(reports, { verbose, width }))
      return reports.every(r => r.passed)
    }
  }
}
