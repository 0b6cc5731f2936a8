/** What the browser and package tests print: TAP lines, then one line that `.ci/run` can add up. */
export class Checks {
  passed = 0
  failed = 0

  /** Runs `body`; a check fails when it throws. A string that it returns is printed beside the name. */
  async check(name: string, body: () => unknown) {
    const n = this.passed + this.failed + 1
    try {
      const note = await body()
      this.passed++
      console.log(`ok ${n} - ${name}${typeof note === 'string' ? ` # ${note}` : ''}`)
    } catch (error) {
      this.failed++
      console.log(`not ok ${n} - ${name}`)
      console.log(String((error as Error).stack ?? error).replace(/^/gm, '    '))
    }
  }

  /** A run that checked nothing has failed. */
  end() {
    console.log(`1..${this.passed + this.failed}\n# ${this.passed} passed, ${this.failed} failed`)
    process.exitCode = this.failed || !this.passed ? 1 : 0
  }
}
