import { parentPort, workerData } from 'node:worker_threads'
import { type Job, train } from './heatTraining.js'

/** One training run in a thread of its own: posts every step. */
for (const step of train(workerData as Job)) parentPort!.postMessage(step)
