import { main } from '../../experiments/main.js'

/** The real command line over a table that holds nothing but the demonstration; started by shell.test.ts. */
process.exitCode = await main(process.argv.slice(2), {
  demo: { about: 'synthetic data for the tests', module: new URL('./demo.js', import.meta.url) }
})
