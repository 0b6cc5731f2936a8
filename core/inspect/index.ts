export { type DocLine, type OperatorDoc, operatorDoc, parseDoc } from './operatorDoc.js'
export { type DotOptions, tapeToDot } from './tapeToDot.js'
export { type InspectOptions, type Ref, type SiteRow, type TapeRows, tapeToJSON } from './tapeToJSON.js'
export { tapeToText } from './tapeToText.js'
