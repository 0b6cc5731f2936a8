import t from 'tap'
import { allPhysics } from '../../physics/index.js'
import { checkAll } from '../checkAll.js'
import { checkedOps } from '../checkedOps.js'

checkAll(
  t,
  checkedOps.filter(op => !allPhysics.includes(op))
)
