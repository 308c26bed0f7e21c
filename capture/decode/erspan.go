package decode

// ERSPAN (draft-foschiano-erspan): mirrored Ethernet frames in GRE.
const (
	erspan2Version  = 1
	erspan2Header   = 8
	erspan3Version  = 2
	erspan3Header   = 12
	erspan3Platform = 8 // the optional platform specific subheader
	erspan3FrameIP  = 2 // frame type; 0 is Ethernet
)

func erspanLayer(h []byte) Layer {
	return Layer{Kind: LayerERSPAN, ID: uint32(u16(h[2:]) & 0x03ff), HasID: true}
}

func (d *Decoder) erspan2() stage {
	h := d.take(erspan2Header)
	if h == nil || h[0]>>4 != erspan2Version {
		return d.end(Malformed)
	}
	return d.enter(erspanLayer(h), (*Decoder).ethernet)
}

func (d *Decoder) erspan3() stage {
	h := d.take(erspan3Header)
	if h == nil || h[0]>>4 != erspan3Version {
		return d.end(Malformed)
	}
	frameType, platform := h[10]>>2&0x1f, h[11]&1 != 0
	if platform && d.take(erspan3Platform) == nil {
		return d.end(Malformed)
	}
	switch frameType {
	case 0:
		return d.enter(erspanLayer(h), (*Decoder).ethernet)
	case erspan3FrameIP:
		return d.enter(erspanLayer(h), (*Decoder).ip)
	}
	return d.unreadEtherType(etherERSPAN3)
}
