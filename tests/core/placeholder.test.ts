import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { test } from 'tap'

test('the same seed gives the same numbers', async t => {
  t.equal(xoroshiro128plus(1).next(), xoroshiro128plus(1).next())
})
