import t from 'tap'
import { allPhysics } from '../../physics/index.js'
import { checkAll } from '../checkAll.js'

checkAll(t, allPhysics)
