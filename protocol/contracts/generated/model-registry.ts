// Made by `node scripts/contracts.ts build` from protocol/contracts/solidity. Do not edit.
export const modelRegistryAbi = [
  {"type":"constructor","inputs":[{"name":"datanets_","type":"address"}],"stateMutability":"nonpayable"},
  {"type":"function","name":"WHOLE","inputs":[],"outputs":[{"name":"","type":"uint256"}],"stateMutability":"view"},
  {"type":"function","name":"datanets","inputs":[],"outputs":[{"name":"","type":"address"}],"stateMutability":"view"},
  {"type":"function","name":"idOf","inputs":[{"name":"builder","type":"address"},{"name":"r","type":"tuple","components":[{"name":"name","type":"string"},{"name":"base","type":"string"},{"name":"adapter","type":"string"},{"name":"result","type":"string"},{"name":"datanet","type":"bytes32"},{"name":"version","type":"uint32"},{"name":"job","type":"bytes32"},{"name":"worker","type":"address"},{"name":"workerBps","type":"uint16"},{"name":"builderBps","type":"uint16"},{"name":"dataBps","type":"uint16"}]}],"outputs":[{"name":"","type":"bytes32"}],"stateMutability":"pure"},
  {"type":"function","name":"modelOf","inputs":[{"name":"id","type":"bytes32"}],"outputs":[{"name":"","type":"tuple","components":[{"name":"builder","type":"address"},{"name":"retired","type":"bool"},{"name":"registration","type":"tuple","components":[{"name":"name","type":"string"},{"name":"base","type":"string"},{"name":"adapter","type":"string"},{"name":"result","type":"string"},{"name":"datanet","type":"bytes32"},{"name":"version","type":"uint32"},{"name":"job","type":"bytes32"},{"name":"worker","type":"address"},{"name":"workerBps","type":"uint16"},{"name":"builderBps","type":"uint16"},{"name":"dataBps","type":"uint16"}]}]}],"stateMutability":"view"},
  {"type":"function","name":"register","inputs":[{"name":"r","type":"tuple","components":[{"name":"name","type":"string"},{"name":"base","type":"string"},{"name":"adapter","type":"string"},{"name":"result","type":"string"},{"name":"datanet","type":"bytes32"},{"name":"version","type":"uint32"},{"name":"job","type":"bytes32"},{"name":"worker","type":"address"},{"name":"workerBps","type":"uint16"},{"name":"builderBps","type":"uint16"},{"name":"dataBps","type":"uint16"}]}],"outputs":[{"name":"id","type":"bytes32"}],"stateMutability":"nonpayable"},
  {"type":"function","name":"retire","inputs":[{"name":"id","type":"bytes32"}],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"function","name":"termsOf","inputs":[{"name":"id","type":"bytes32"}],"outputs":[{"name":"builder","type":"address"},{"name":"retired","type":"bool"},{"name":"datanet","type":"bytes32"},{"name":"workerBps","type":"uint16"},{"name":"builderBps","type":"uint16"}],"stateMutability":"view"},
  {"type":"event","name":"ModelRegistered","inputs":[{"name":"model","type":"bytes32","indexed":true},{"name":"builder","type":"address","indexed":true},{"name":"datanet","type":"bytes32","indexed":true}],"anonymous":false},
  {"type":"event","name":"ModelRetired","inputs":[{"name":"model","type":"bytes32","indexed":true}],"anonymous":false},
  {"type":"error","name":"AlreadyRegistered","inputs":[{"name":"model","type":"bytes32"}]},
  {"type":"error","name":"NoDatanetNoShare","inputs":[]},
  {"type":"error","name":"NotTheBuilder","inputs":[{"name":"builder","type":"address"}]},
  {"type":"error","name":"SplitNotWhole","inputs":[{"name":"sum","type":"uint256"}]},
  {"type":"error","name":"TextLength","inputs":[]},
  {"type":"error","name":"UnknownModel","inputs":[{"name":"model","type":"bytes32"}]},
  {"type":"error","name":"VersionNotAnchored","inputs":[{"name":"datanet","type":"bytes32"},{"name":"version","type":"uint32"}]}
] as const
