package confine

// This architecture has no calls of its own that matter here.
var looksHere, dangerousHere []uint32
