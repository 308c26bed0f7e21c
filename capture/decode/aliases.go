package decode

import "tlsfloor/capture/encap"

type (
	Layer     = encap.Layer
	LayerKind = encap.Kind
)

const (
	LayerVLAN       = encap.VLAN
	LayerPBB        = encap.PBB
	LayerVXLAN      = encap.VXLAN
	LayerGENEVE     = encap.GENEVE
	LayerNVGRE      = encap.NVGRE
	LayerMPLS       = encap.MPLS
	LayerPPPoE      = encap.PPPoE
	LayerCiscoMeta  = encap.CiscoMeta
	LayerVNTag      = encap.VNTag
	LayerETag       = encap.ETag
	LayerFabricPath = encap.FabricPath
	LayerTRILL      = encap.TRILL
	LayerMACsec     = encap.MACsec
	LayerTTag       = encap.TTag
	LayerArista     = encap.Arista
	LayerRTag       = encap.RTag
	LayerHSR        = encap.HSR
	NumLayerKinds   = encap.NumKinds
)
