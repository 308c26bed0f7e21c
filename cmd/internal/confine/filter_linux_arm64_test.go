package confine

// This machine type has no calls of its own that matter here.
var looksHere, dangerousHere []uint32
