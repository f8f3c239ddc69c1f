// ../../../main/explorer/node_modules/preact/dist/preact.mjs
var e, t, n, r, i, a, o, s, c, l, u, d, f = Symbol.for("pv"), p = {}, m = [], h = /^m(i|n|o|s|text|space)$/, g = Array.isArray, _ = m.slice, v = Object.assign;
function ee(e) {
	e && e.parentNode && e.remove();
}
function y(e, t, n) {
	var r, i, a, o = {}, s = arguments.length;
	for (a in t) a == "key" ? r = t[a] : a == "ref" && typeof e != "function" ? i = t[a] : o[a] = t[a];
	return s > 2 && (o.children = s > 3 ? _.call(arguments, 2) : n), te(e, o, r, i, null);
}
function te(n, r, i, a, o) {
	var s = {
		type: n,
		props: r,
		key: i,
		ref: a,
		__k: null,
		__: null,
		__b: 0,
		__e: null,
		__c: null,
		constructor: f,
		__v: o || ++t,
		__i: -1,
		__u: 0
	};
	return !o && e.vnode && e.vnode(s), s;
}
function b(e) {
	return e.children;
}
function ne(e, t) {
	this.props = e, this.context = t, this.__g = 0;
}
function re(e, t) {
	if (t == null) return e.__ && re(e.__, e.__i + 1);
	for (var n; t < e.__k.length; t++) if ((n = e.__k[t]) && n.__e) return n.__e;
	return typeof e.type != "function" || e.props.__P ? null : re(e);
}
function ie(t) {
	var n, r = t.__v, i = r.__e, a = [], o = [], s = t.__P;
	s && ((n = v({ constructor: f }, r)).__v = r.__v + 1, e.vnode && e.vnode(n), pe(s, n, r, t.__n, s.namespaceURI, 32 & r.__u ? [i] : null, a, i || re(r), 32 & r.__u, o), n.__v = r.__v, n.__.__k[n.__i] = n, ge(a, n, o), r.__ = r.__e = null, n.__e != i && x(n));
}
function x(e) {
	if ((e = e.__) && e.__c && !e.props.__P) return e.__e = null, e.__k.some(function(t) {
		return t && (e.__e = t.__e);
	}), x(e);
}
function S(t) {
	(8 & t.__g || (t.__g |= 8, r.push(t), a++)) && i == e.debounceRendering || ((i = e.debounceRendering) || queueMicrotask)(ae);
}
function ae() {
	try {
		for (var e, t = 1; r.length;) r.length > t && r.sort(o), e = r.shift(), t = r.length, 8 & e.__g && ie(e);
	} finally {
		(a = r.length) && (i || queueMicrotask)(ae);
	}
}
function oe(e, t, n, r, i, a, o, s, c, l, u) {
	var d, f, h, g, _, v, ee = r.__k || m, y = t.length;
	for (c = se(n, t, ee, c, y), d = 0; d < y; d++) (h = n.__k[d]) != null && (f = ~h.__i && ee[h.__i] || p, h.__i = d, v = pe(e, h, f, i, a, o, s, c, l, u), g = h.__e, (f.ref != h.ref || 8 & f.__u) && (f.ref && ve(f.ref, null, h, f), h.ref && u.push(h.ref, h.__c || g, h)), _ ||= g, 4 & h.__u ? (c = ce(h, c, e, !f.__v), f.__e && (f.__e = null)) : typeof h.type == "function" && v !== void 0 ? c = v : g && (c = g.nextSibling), h.__u &= -21);
	return n.__e = _, c;
}
function se(e, t, n, r, i) {
	var a, o, s, c, l, u, d, p, m, h = n.length, _ = h, v = 0, ee = 0, y = e.__k = Array(i);
	for (a = 0; a < i; a++) (o = t[a]) != null && typeof o != "boolean" && typeof o != "function" ? (typeof o != "object" || o.constructor === String ? o = y[a] = te(null, o) : g(o) ? o = y[a] = te(b, { children: o }) : o.constructor === f && o.__b ? o = y[a] = te(o.type, o.props, o.key, o.ref, o.__v) : y[a] = o, c = a + v, o.__ = e, o.__b = e.__b + 1, s = null, ~(l = o.__i = le(o, n, c, _)) && (_--, (s = n[l]) && (s.__u |= 2)), s && s.__v ? (o.__u |= 16, l == c - 1 ? v-- : l == c + 1 ? v++ : l != c && (l > c ? v-- : v++, ee = 1)) : (~l || (i > h ? v-- : i < h && v++), typeof o.type != "function" && (o.__u |= 4))) : y[a] = null;
	if (ee) {
		for (u = [], d = [], a = 0; a < i; a++) if ((o = y[a]) && 16 & o.__u) {
			for (v = 0, p = u.length; v < p;) u[m = v + p >> 1] < o.__i ? v = m + 1 : p = m;
			u[v] = o.__i, d[a] = v + 1;
		}
		for (v = u.length; a--;) d[a] && (d[a] == v ? v-- : y[a].__u |= 4);
	}
	if (_) for (a = 0; a < h; a++) !(s = n[a]) || 2 & s.__u || (s.__e == r && (r = re(s)), ye(s, s));
	return r;
}
function ce(e, t, n, r) {
	var i, a, o, s;
	if (typeof e.type == "function") {
		if (e.props.__P) return t;
		if (i = e.__k) for (a = 0; a < i.length; a++) i[a] && (i[a].__ = e, t = ce(i[a], t, n, !1));
		return t;
	}
	for (t && !t.parentNode && (t = re(e)) && !t.parentNode && (t = null), o = e.__e, s = t; s && s.nodeType == 8;) s = s.nextSibling;
	for (o != s && (!r && n.moveBefore && o.parentNode ? n.moveBefore(o, t) : n.insertBefore(o, t || null)), t = o; (t &&= t.nextSibling) && t.nodeType == 8 && !t.data.startsWith("$s"););
	return t;
}
function le(e, t, n, r) {
	var i, a = e.key, o = e.type, s = t[n], c = s && !(2 & s.__u);
	if (s === null && a == null || c && a == s.key && o == s.type) return n;
	if (r > +!!c) {
		for (i = n - 1; i >= 0; i--) if ((s = t[i]) && !(2 & s.__u) && a == s.key && o == s.type) return i;
		for (i = n + 1; i < t.length; i++) if ((s = t[i]) && !(2 & s.__u) && a == s.key && o == s.type) return i;
	}
	return -1;
}
function ue(e, t, n) {
	n ??= "", t[0] == "-" ? e.setProperty(t, n) : e[t] = n;
}
function de(e, t, n, r, i) {
	var a, o;
	if (t == "style") {
		if (typeof n == "string") e.style.cssText = n;
		else {
			if (typeof r == "string" && (e.style.cssText = r = ""), r) for (t in r) n && t in n || ue(e.style, t);
			if (n) for (t in n) r && n[t] == r[t] || ue(e.style, t, n[t]);
		}
	} else if (t[0] == "o" && t[1] == "n") typeof n != "function" && (n = null), typeof r != "function" && (r = null), (e.__e ||= {})[t] = n, n && r || (o = u[t] || (u[t] = fe(t)), (e.__a ||= {})[t] = l, a = t != (t = t.replace(c, "$1")), (t = t.slice(2))[0] < "a" && (t = t.toLowerCase()), n ? e.addEventListener(t, o, a) : e.removeEventListener(t, o, a));
	else {
		if (i == "http://www.w3.org/2000/svg") t = t.replace(/xlink(H|:h)/, "h").replace(/sName$/, "s");
		else if (t != "width" && t != "height" && t != "href" && t != "list" && t != "form" && t != "tabIndex" && t != "download" && t != "rowSpan" && t != "colSpan" && t != "role" && t != "popover" && t in e) try {
			e[t] = n ?? "";
			return;
		} catch {}
		if (typeof n == "function") return;
		n == null || !1 === n && t[4] != "-" ? e.removeAttribute(t) : e.setAttribute(t, t == "popover" && n == 1 ? "" : n);
	}
}
function fe(t) {
	return function(n) {
		var r = this.__e;
		if (r) {
			if (r = r[t], n[s] == null) n[s] = l++;
			else if (n[s] < this.__a[t]) return;
			return r(e.event ? e.event(n) : n);
		}
	};
}
function pe(t, n, r, i, a, o, s, c, l, u) {
	var d, p, h, _, y, te, ie, x, S, ae, se, ce, le, ue, de, fe, pe, ge, ve = n.type;
	if (n.constructor !== f) return null;
	128 & r.__u && (l = 32 & r.__u, d = r.__c.__z) && (n.__u |= l, p = o = [], d.nodeType == 8 ? c = me(d, o) : o.push(d), c = o[0] || c), (d = e.__b) && d(n);
	n: if (typeof ve == "function") {
		h = s.length;
		try {
			if (x = n.props, S = (d = ve.prototype) && d.render, ae = (d = ve.contextType) && i[d.__c], se = d ? ae ? ae.props.value : d.__ : i, (_ = r.__c) ? (n.__c = _, 2 & _.__g && (_.__g |= 1)) : (S ? n.__c = _ = new ve(x, se) : (n.__c = _ = new ne(x, se), _.constructor = ve, _.render = be), ae && ae.sub(_), _.state || (_.state = {}), _.__n = i, _.__g |= 8, _.__h = [], _.__k = []), S && (_.__s || (_.__s = _.state), ve.getDerivedStateFromProps && (_.__s == _.state && (_.__s = v({}, _.__s)), v(_.__s, ve.getDerivedStateFromProps(x, _.__s)))), y = _.props, te = _.state, _.__v = n, r.__c) {
				if (x !== y && S && !ve.getDerivedStateFromProps && _.componentWillReceiveProps && _.componentWillReceiveProps(x, se), n.__v == r.__v && !(8 & _.__g) || !(4 & _.__g) && _.shouldComponentUpdate && !1 === _.shouldComponentUpdate(x, _.__s, se)) {
					n.__v != r.__v && (_.props = x, _.state = _.__s, _.__g &= -9), n.__e = r.__e, n.__k = r.__k, n.__k.some(function(e) {
						e && (e.__ = n);
					}), m.push.apply(_.__h, _.__k), _.__k = [], _.__h.length && s.push(_), c = re(r);
					break n;
				}
				_.componentWillUpdate && _.componentWillUpdate(x, _.__s, se), S && _.componentDidUpdate && _.__h.push(function() {
					_.componentDidUpdate(y, te, ie);
				});
			} else S && !ve.getDerivedStateFromProps && _.componentWillMount && _.componentWillMount(), S && _.componentDidMount && _.__h.push(_.componentDidMount);
			_.context = se, _.props = x, _.__P = t, _.__g &= -5, ce = e.__r, le = S ? 25 : 0;
			do
				_.__g &= -9, ce && ce(n), d = _.render(_.props, _.state = _.__s, _.context);
			while (8 & _.__g && ++le < 25);
			S && (m.push.apply(_.__h, _.__k), _.__k = []), _.state = _.__s, _.getChildContext && (i = v({}, i, _.getChildContext())), S && r.__c && _.getSnapshotBeforeUpdate && (ie = _.getSnapshotBeforeUpdate(y, te)), ue = d && d.type === b && d.key == null ? d.props.children : d, x.__P && (d = c, a = (t = x.__P).namespaceURI, l = o = null, r.props && r.props.__P != t && (r.__k.some(function(e) {
				e && ye(e, e);
			}), r.__k = null), c = r.__k ? re(r, 0) : null), c = oe(t, g(ue) ? ue : [ue], n, r, i, a, o, s, c, l, u), x.__P && (n.__e = null, c = d), n.__u &= -161, p && p.some(ee), _.__h.length && s.push(_), 1 & _.__g && (_.__g &= -4);
		} catch (t) {
			if (s.length = h, n.__v = null, l || o) {
				if (t && t.then) {
					if (n.__u |= 128 | l, o) {
						for (~(pe = o.indexOf(c || void 0)) || (pe = o.length); (ge = o[pe - 1]) && ge.nodeType == 8;) pe--;
						for (; pe < o.length; pe++) if (ge = o[pe]) {
							if (o[pe] = null, de) {
								if (ge == fe) break;
							} else {
								if (ge.nodeType != 8) break;
								ge.data.startsWith("$s") && (fe = me(de = ge));
							}
						}
					}
					if (!de) {
						for (; c && c.nodeType == 8 && c.nextSibling;) c = c.nextSibling;
						de = c;
					}
					(d = me(de = n.__c.__z || (n.__c.__z = de))) ? (n.__e = de, c = d) : n.__e = c, c &&= c.nextSibling;
				} else o && o.some(ee);
			} else n.__e = r.__e;
			n.__k ||= r.__k || [], t && t.then || he(n), e.__e(t, n, r);
		}
	} else c = n.__e = _e(r.__e, n, r, i, a, o, s, l, u, t);
	return (d = e.diffed) && d(n), c;
}
function me(e, t) {
	if (e && e.nodeType == 8 && e.data.startsWith("$s")) for (var n = 1; e = e.nextSibling;) {
		if (e.nodeType == 8) {
			if (e.data.startsWith("$s")) n++;
			else if (e.data.startsWith("/$s") && !--n) return e;
		}
		t && t.push(e);
	}
}
function he(e) {
	e && (e.__c && (e.__c.__g |= 4), e.__k && e.__k.some(he));
}
function ge(t, n, r) {
	for (var i = 0; i < r.length;) ve(r[i++], r[i++], r[i++]);
	e.__c && e.__c(n, t), t.some(function(n) {
		try {
			t = n.__h, n.__h = [], t.some(function(e) {
				e.call(n);
			});
		} catch (t) {
			e.__e(t, n.__v);
		}
	});
}
function _e(t, n, r, i, a, o, s, c, l, u) {
	var d, f, m, v, y, te, b, ne, ie = r.props || p, x = n.props, S = n.type;
	if (S == "svg" ? a = "http://www.w3.org/2000/svg" : S == "math" ? a = "http://www.w3.org/1998/Math/MathML" : a ||= "http://www.w3.org/1999/xhtml", o) {
		for (d = 0; d < o.length; d++) if ((y = o[d]) && (S ? y.localName == S : y.nodeType == 3)) {
			t = y, o[d] = null;
			break;
		}
	}
	if (!t) {
		if (ne = u.ownerDocument || document, !S) return ne.createTextNode(x);
		t = ne.createElementNS(a, S, x.is ? x : u), c &&= (e.__m && e.__m(n, o), !1), o = null;
	}
	if (S) {
		if (u = S == "template" && t.content || t, o = S == "textarea" && x.defaultValue != null ? null : o && _.call(u.childNodes), !c && o) for (ie = {}, d = 0; d < t.attributes.length; d++) ie[(y = t.attributes[d]).name] = y.value;
		for (d in ie) y = ie[d], d == "dangerouslySetInnerHTML" ? m = y : d == "children" || d in x || d == "value" && "defaultValue" in x || d == "checked" && "defaultChecked" in x || de(t, d, null, y, a);
		for (d in x) y = x[d], d == "children" ? v = y : d == "dangerouslySetInnerHTML" ? f = y : d == "value" ? te = y : d == "checked" ? b = y : c && typeof y != "function" || ie[d] === y || de(t, d, y, ie[d], a);
		f ? (c || m && (f.__html == m.__html || f.__html == t.innerHTML) || (t.innerHTML = f.__html), n.__k = []) : (m && (t.textContent = ""), (S == "foreignObject" || a == "http://www.w3.org/1998/Math/MathML" && h.test(S)) && (a = "http://www.w3.org/1999/xhtml"), oe(u, g(v) ? v : [v], n, r, i, a, o, s, o ? o[0] : r.__k && re(r, 0), c, l), o && o.some(ee)), c && S != "textarea" || (d = "value", S == "progress" && te == null ? t.removeAttribute(d) : te == null || te === t[d] && (S != "progress" || te) || de(t, d, te, ie[d], a), d = "checked", b != null && b != t[d] && de(t, d, b, ie[d], a));
	} else ie === x || c && t.data == x || (t.data = x);
	return t;
}
function ve(t, n, r, i) {
	try {
		typeof t == "function" ? n ? n.__x = t(n) || 1 : (i &&= i.__c || i.__e) && (n = i.__x) && (i.__x = null, typeof n == "function" ? n() : t(null)) : t.current = n;
	} catch (t) {
		e.__e(t, r);
	}
}
function ye(t, n, r) {
	var i, a, o, s;
	if (e.unmount && e.unmount(t), !(i = t.ref) || i.current && i.current != t.__e || ve(i, null, n, t), i = t.__c) {
		if (i.componentWillUnmount) try {
			i.componentWillUnmount();
		} catch (t) {
			e.__e(t, n);
		}
		i.__P = i.__n = null;
	}
	if (i = t.__k) for (s = 0; s < i.length; s++) i[s] && ye(i[s], n, typeof t.type != "function" || r && !t.props.__P);
	!r && (i = t.__c) && (i = i.__z) && (a = me(i, o = [])) && (i == t.__e && o.some(ee), ee(a), ee(i)), r || ee(t.__e), t.__e = t.__c = t.__ = null;
}
function be(e, t, n) {
	return this.constructor(e, n);
}
function xe(t, n) {
	var r, i, a, o;
	e.__ && e.__(t, n), n.nodeType == 9 && (n = n.documentElement), i = (r = t && 32 & t.__u) ? null : n.__k, n.__k = te(b, { children: [t] }), a = [], o = [], pe(n, n.__k, i || p, p, n.namespaceURI, i ? null : n.firstChild ? _.call(n.childNodes) : null, a, i ? i.__e : n.firstChild, r, o), ge(a, n.__k, o), n.__k.props.children = null;
}
function Se(e) {
	function t(e) {
		var n, r;
		return this.getChildContext || (n = /* @__PURE__ */ new Set(), (r = {})[t.__c] = this, this.getChildContext = function() {
			return r;
		}, this.shouldComponentUpdate = function(e) {
			this.props.value != e.value && n.forEach(function(e) {
				e.__g |= 4, S(e);
			});
		}, this.sub = function(e) {
			n.add(e);
			var t = e.componentWillUnmount;
			e.componentWillUnmount = function() {
				n.delete(e), t && t.call(e);
			};
		}), e.children;
	}
	return t.__c = "__cC" + d++, t.__ = e, t.Provider = (t.Consumer = function(e, t) {
		return e.children(t);
	}).contextType = t, t;
}
e = { __e: function(e, t, n, r) {
	for (var i, o, s; t = t.__;) if ((i = t.__c) && !(1 & i.__g)) {
		i.__g |= 4;
		try {
			if ((s = (o = i.constructor) && o.getDerivedStateFromError) && i.setState(o.getDerivedStateFromError(e)), i.componentDidCatch && (i.componentDidCatch(e, r || {}), s = 1), s && 8 & i.__g) return void (i.__g |= 2);
		} catch (t) {
			e = t;
		}
	}
	throw a = 0, e;
} }, t = 0, n = function(e) {
	return e != null && e.constructor === f;
}, ne.prototype.setState = function(e, t) {
	var n = this.__s;
	n && n != this.state || (n = this.__s = v({}, this.state)), typeof e == "function" && (e = e(v({}, n), this.props)), e && (v(n, e), this.__v && (t && this.__k.push(t), S(this)));
}, ne.prototype.forceUpdate = function(e) {
	this.__v && (this.__g |= 4, e && this.__h.push(e), S(this));
}, ne.prototype.render = b, r = [], a = 0, o = function(e, t) {
	return e.__v.__b - t.__v.__b;
}, s = Symbol(), c = /(PointerCapture)$|Capture$/i, l = 0, u = {}, d = 0;
// ../../../main/explorer/node_modules/preact/hooks/dist/hooks.mjs
var Ce, C, we, Te, Ee = Object.is, De = 0, Oe = [], ke = [], w = e, Ae = w.__b, je = w.__r, Me = w.diffed, Ne = w.__c, Pe = w.unmount, Fe = w.__;
function Ie(e, t) {
	w.__h && w.__h(C, e, De || t), De = 0;
	var n = C.__H || (C.__H = {
		__: [],
		__h: []
	});
	return e >= n.__.length && n.__.push({}), n.__[e];
}
function Le(e) {
	return De = 1, Re(Qe, e);
}
function Re(e, t, n) {
	var r = Ie(Ce++, 2);
	if (r.t = e, !r.__c && (r.__ = [n ? n(t) : Qe(void 0, t), function(e) {
		var t = (r.__N || r.__)[0], n = r.t(t, e);
		Ee(t, n) || (r.__N = [n, r.__[1]], r.__c.setState({}));
	}], r.__c = C, !C.__f)) {
		C.__f = !0;
		var i = C.shouldComponentUpdate;
		C.shouldComponentUpdate = function(e, t, n) {
			var r = this.__H;
			if (!r) return !0;
			var a = !1, o = this.props != e;
			if (r.__.some(function(e) {
				e.__N && (a = !0, Ee(e.__[0], e.__N[0]) || (o = !0));
			}), i) {
				var s = i.call(this, e, t, n);
				return a ? s || o : s;
			}
			return !a || o;
		};
	}
	return r.__;
}
function ze(e, t) {
	var n = Ie(Ce++, 3);
	!w.__s && Ze(n.__H, t) && (n.__P = !0, n.__ = e, n.u = t, C.__H.__h.push(n));
}
function Be(e, t) {
	var n = Ie(Ce++, 4);
	!w.__s && Ze(n.__H, t) && (n.__P = !1, n.__ = e, n.u = t, C.__h.push(n));
}
function Ve(e) {
	return De = 5, He(function() {
		return { current: e };
	}, []);
}
function He(e, t) {
	var n = Ie(Ce++, 7);
	return Ze(n.__H, t) && (n.__ = e(), n.__H = t), n.__;
}
function Ue(e) {
	var t = C.context[e.__c], n = Ie(Ce++, 9);
	return n.c = e, t ? (n.__ ?? (n.__ = !0, t.sub(C)), t.props.value) : e.__;
}
function We() {
	var e = Ie(Ce++, 11);
	if (!e.__) {
		for (var t = C.__v; !t.__m && t.__;) t = t.__;
		var n = t.__m || (t.__m = [0, 0]);
		e.__ = "P" + n[0] + "-" + n[1]++;
	}
	return e.__;
}
function Ge() {
	var e;
	do {
		for (; e = ke.shift();) try {
			Ye(e);
		} catch (t) {
			w.__e(t, { __: (e = e.__P) && e.__v });
		}
		for (; e = Oe.shift();) {
			var t = e.__H;
			if (e.__P && t) try {
				t.__h.some(Ye), t.__h.some(Xe), t.__h = [];
			} catch (n) {
				t.__h = [], w.__e(n, e.__v);
			}
		}
	} while (ke.length);
}
w.__b = function(e) {
	C = null, Ae && Ae(e);
}, w.__ = function(e, t) {
	e && t.__k && t.__k.__m && (e.__m = t.__k.__m), Fe && Fe(e, t);
}, w.__r = function(e) {
	je && je(e), Ce = 0;
	var t = (C = e.__c).__H;
	t && (we == C ? C.__h = [] : (t.__h.some(Ye), t.__h.some(Xe), Ce = 0), t.__h = [], t.__.some(function(e) {
		e.__N && (e.__ = e.__N), e.u = e.__N = void 0;
	})), we = C;
}, w.diffed = function(e) {
	Me && Me(e);
	var t = e.__c;
	t && t.__H && (t.__H.__h.length && Je(Oe.push(t)), t.__H.__.some(function(e) {
		e.u && (e.__H = e.u);
	})), we = C = null;
}, w.__c = function(e, t) {
	t.some(function(e) {
		try {
			e.__h.some(Ye), e.__h = e.__h.filter(function(e) {
				return !e.__ || Xe(e);
			});
		} catch (t) {
			e.__h = [function() {
				throw t;
			}];
		}
	}), Ne && Ne(e, t);
}, w.unmount = function(e) {
	Pe && Pe(e);
	var t, n, r = e.__c;
	r && r.__H && (r.__H.__.some(function(r) {
		try {
			if (r.__P && r.__c) {
				if (n === void 0) {
					for (n = e.__; n && (!n.__c || !n.__c.__P);) n = n.__;
					n &&= n.__c;
				}
				r.__P = n, Je(ke.push(r));
			} else Ye(r);
		} catch (e) {
			t = e;
		}
	}), r.__H = void 0, t && w.__e(t, r.__v));
};
var Ke = typeof requestAnimationFrame == "function";
function qe(e) {
	var t, n = function() {
		clearTimeout(r), Ke && cancelAnimationFrame(t), setTimeout(e);
	}, r = setTimeout(n, 35);
	Ke && (t = requestAnimationFrame(n));
}
function Je(e) {
	e != 1 && Te == w.requestAnimationFrame || ((Te = w.requestAnimationFrame) || qe)(Ge);
}
function Ye(e) {
	var t = C, n = e.__c;
	typeof n == "function" && (e.__c = void 0, n()), C = t;
}
function Xe(e) {
	var t = C;
	e.__c = e.__(), C = t;
}
function Ze(e, t) {
	return !e || e.length != t.length || t.some(function(t, n) {
		return !Ee(t, e[n]);
	});
}
function Qe(e, t) {
	return typeof t == "function" ? t(e) : t;
}
// ../../../main/explorer/node_modules/@preact/signals-core/dist/signals-core.module.js
var $e = Symbol.for("preact-signals");
function et() {
	if (at > 1) at--;
	else {
		var e, t = !1;
		for ((function() {
			var e = lt;
			for (lt = void 0; e !== void 0;) {
				var t = e.S;
				if (t.v === e.v) for (var n = t.t; n !== void 0; n = n.x) n.i === e.i && (n.i = t.i);
				e = e.o;
			}
		})(); it !== void 0;) {
			var n = it;
			for (it = void 0, ot++; n !== void 0;) {
				var r = n.u;
				if (n.u = void 0, n.f &= -3, !(8 & n.f) && ft(n)) try {
					n.c();
				} catch (n) {
					t ||= (e = n, !0);
				}
				n = r;
			}
		}
		if (ot = 0, at--, t) throw e;
	}
}
function tt(e) {
	if (at > 0) return e();
	ct = ++st, at++;
	try {
		return e();
	} finally {
		et();
	}
}
var nt, T = void 0;
function rt(e) {
	var t = T, n = nt;
	T = void 0, nt = void 0;
	try {
		return e();
	} finally {
		T = t, nt = n;
	}
}
var it = void 0, at = 0, ot = 0, st = 0, ct = 0, lt = void 0, ut = 0;
function dt(e) {
	if (T !== void 0) {
		var t = e.n;
		if (t === void 0 || t.t !== T) return t = {
			i: 0,
			S: e,
			p: T.s,
			n: void 0,
			t: T,
			e: void 0,
			x: void 0,
			r: t
		}, T.s !== void 0 && (T.s.n = t), T.s = t, e.n = t, 32 & T.f && e.S(t), t;
		if (t.i === -1) return t.i = 0, t.n !== void 0 && (t.n.p = t.p, t.p !== void 0 && (t.p.n = t.n), t.p = T.s, t.n = void 0, T.s.n = t, T.s = t), t;
	}
}
function E(e, t) {
	this.v = e, this.i = 0, this.n = void 0, this.t = void 0, this.l = 0, this.W = t?.watched, this.Z = t?.unwatched, this.name = t?.name;
}
E.prototype.brand = $e, E.prototype.h = function() {
	return !0;
}, E.prototype.S = function(e) {
	var t = this, n = this.t;
	n !== e && e.e === void 0 && (e.x = n, this.t = e, n === void 0 ? rt(function() {
		var e;
		(e = t.W) == null || e.call(t);
	}) : n.e = e);
}, E.prototype.U = function(e) {
	var t = this;
	if (this.t !== void 0) {
		var n = e.e, r = e.x;
		n !== void 0 && (n.x = r, e.e = void 0), r !== void 0 && (r.e = n, e.x = void 0), e === this.t && (this.t = r, r === void 0 && rt(function() {
			var e;
			(e = t.Z) == null || e.call(t);
		}));
	}
}, E.prototype.subscribe = function(e) {
	var t = this;
	return xt(function() {
		var n = t.value;
		rt(function() {
			return e(n);
		});
	}, { name: "sub" });
}, E.prototype.valueOf = function() {
	return this.value;
}, E.prototype.toString = function() {
	return this.value + "";
}, E.prototype.toJSON = function() {
	return this.value;
}, E.prototype.peek = function() {
	var e = this;
	return rt(function() {
		return e.value;
	});
}, Object.defineProperty(E.prototype, "value", {
	get: function() {
		var e = dt(this);
		return e !== void 0 && (e.i = this.i), this.v;
	},
	set: function(e) {
		if (e !== this.v) {
			if (ot > 100) throw Error("Cycle detected");
			(function(e) {
				at !== 0 && ot === 0 && e.l !== ct && (e.l = ct, lt = {
					S: e,
					v: e.v,
					i: e.i,
					o: lt
				});
			})(this), this.v = e, this.i++, ut++, at++;
			try {
				for (var t = this.t; t !== void 0; t = t.x) t.t.N();
			} finally {
				et();
			}
		}
	}
});
function D(e, t) {
	return new E(e, t);
}
function ft(e) {
	for (var t = e.s; t !== void 0; t = t.n) if (t.S.i !== t.i || !t.S.h() || t.S.i !== t.i) return !0;
	return !1;
}
function pt(e) {
	for (var t = e.s; t !== void 0; t = t.n) {
		var n = t.S.n;
		if (n !== void 0 && (t.r = n), t.S.n = t, t.i = -1, t.n === void 0) {
			e.s = t;
			break;
		}
	}
}
function mt(e) {
	for (var t = e.s, n = void 0; t !== void 0;) {
		var r = t.p;
		t.i === -1 ? (t.S.U(t), r !== void 0 && (r.n = t.n), t.n !== void 0 && (t.n.p = r)) : n = t, t.S.n = t.r, t.r !== void 0 && (t.r = void 0), t = r;
	}
	e.s = n;
}
function ht(e, t) {
	E.call(this, void 0, t), this.x = e, this.s = void 0, this.g = ut - 1, this.f = 4;
}
ht.prototype = new E(), ht.prototype.h = function() {
	if (this.f &= -3, 1 & this.f) return !1;
	if ((36 & this.f) == 32 || (this.f &= -5, this.g === ut)) return !0;
	if (this.g = ut, this.f |= 1, this.i > 0 && !ft(this)) return this.f &= -2, !0;
	var e = T;
	try {
		pt(this), T = this;
		var t = this.x();
		(16 & this.f || this.v !== t || this.i === 0) && (this.v = t, this.f &= -17, this.i++);
	} catch (e) {
		this.v = e, this.f |= 16, this.i++;
	}
	return T = e, mt(this), this.f &= -2, !0;
}, ht.prototype.S = function(e) {
	if (this.t === void 0) {
		this.f |= 36;
		for (var t = this.s; t !== void 0; t = t.n) t.S.S(t);
	}
	E.prototype.S.call(this, e);
}, ht.prototype.U = function(e) {
	if (this.t !== void 0 && (E.prototype.U.call(this, e), this.t === void 0)) {
		this.f &= -33;
		for (var t = this.s; t !== void 0; t = t.n) t.S.U(t);
	}
}, ht.prototype.N = function() {
	if (!(2 & this.f)) {
		this.f |= 6;
		for (var e = this.t; e !== void 0; e = e.x) e.t.N();
	}
}, Object.defineProperty(ht.prototype, "value", { get: function() {
	if (1 & this.f) throw Error("Cycle detected");
	var e = dt(this);
	if (this.h(), e !== void 0 && (e.i = this.i), 16 & this.f) throw this.v;
	return this.v;
} });
function gt(e, t) {
	return new ht(e, t);
}
function _t(e) {
	var t = e.j;
	if (e.j = void 0, typeof t == "function") {
		at++;
		var n = T;
		T = void 0;
		try {
			t();
		} catch (t) {
			throw e.f &= -2, e.f |= 8, vt(e), t;
		} finally {
			T = n, et();
		}
	}
}
function vt(e) {
	for (var t = e.s; t !== void 0; t = t.n) t.S.U(t);
	e.x = void 0, e.s = void 0, _t(e);
}
function yt(e) {
	if (T !== this) throw Error("Out-of-order effect");
	mt(this), T = e, this.f &= -2;
	try {
		8 & this.f && vt(this);
	} finally {
		et();
	}
}
function bt(e, t) {
	this.x = e, this.j = void 0, this.s = void 0, this.u = void 0, this.f = 32, this.name = t?.name, nt && nt.push(this);
}
bt.prototype.c = function() {
	var e = this.S();
	try {
		if (8 & this.f || this.x === void 0) return;
		var t = this.x();
		typeof t == "function" && (this.j = t);
	} finally {
		e();
	}
}, bt.prototype.S = function() {
	if (1 & this.f) throw Error("Cycle detected");
	this.f |= 1, this.f &= -9, _t(this), pt(this), at++;
	var e = T;
	return T = this, yt.bind(this, e);
}, bt.prototype.N = function() {
	2 & this.f || (this.f |= 2, this.u = it, it = this);
}, bt.prototype.d = function() {
	this.f |= 8, 1 & this.f || vt(this);
}, bt.prototype.dispose = function() {
	this.d();
};
function xt(e, t) {
	var n = new bt(e, t);
	try {
		n.c();
	} catch (e) {
		throw n.d(), e;
	}
	var r = n.d.bind(n);
	return r[Symbol.dispose] = r, r;
}
// ../../../main/explorer/node_modules/@preact/signals/dist/signals.module.js
var St, Ct, wt = typeof window < "u" && !!window.__PREACT_SIGNALS_DEVTOOLS__, Tt = [];
xt(function() {
	St = this.N;
})();
function Et(t, n) {
	e[t] = n.bind(null, e[t] || function() {});
}
function Dt(e) {
	if (Ct) {
		var t = Ct;
		Ct = void 0, t();
	}
	Ct = e && e.S();
}
function Ot(e) {
	var t = this, r = e.data, i = O(r);
	i.name = "ReactiveDom", i.value = r;
	var a = He(function() {
		for (var e = t, r = t.__v; r = r.__;) if (r.__c) {
			r.__c.__$f |= 4;
			break;
		}
		var a = gt(function() {
			var e = i.value.value;
			return e === 0 ? 0 : !0 === e ? "" : e || "";
		}), o = gt(function() {
			return !Array.isArray(a.value) && !n(a.value);
		}), s = xt(function() {
			if (this.N = Mt, o.value) {
				var t = a.value;
				e.__v && e.__v.__e && e.__v.__e.nodeType === 3 && (e.__v.__e.data = t);
			}
		}), c = t.__$u.d;
		return t.__$u.d = function() {
			s(), c.call(this);
		}, [o, a];
	}, []), o = a[0], s = a[1];
	return o.value ? s.peek() : s.value;
}
Ot.displayName = "ReactiveTextNode", Object.defineProperties(E.prototype, {
	constructor: {
		configurable: !0,
		value: y(b, null).constructor
	},
	type: {
		configurable: !0,
		value: Ot
	},
	props: {
		configurable: !0,
		get: function() {
			var e = this;
			return { data: { get value() {
				return e.value;
			} } };
		}
	},
	__b: {
		configurable: !0,
		value: 1
	}
}), Et("__b", function(e, t) {
	if (Dt(), typeof t.type == "string") {
		var n, r = t.props;
		for (var i in r) if (i !== "children") {
			var a = r[i];
			a instanceof E && (n || (t.__np = n = {}), n[i] = a, r[i] = a.peek());
		}
	}
	e(t);
}), Et("__r", function(e, t) {
	if (e(t), t.type !== b) {
		Dt();
		var n, r = t.__c;
		r && (r.__$f &= -2, (n = r.__$u) === void 0 && (r.__$u = n = function(e, t) {
			var n;
			return xt(function() {
				n = this;
			}, { name: t }), n.c = e, n;
		}(function(e) {
			return function() {
				var t;
				wt && ((t = this.y) == null || t.call(this)), e.__$f |= 1, e.setState({});
			};
		}(r), typeof t.type == "function" ? t.type.displayName || t.type.name : ""))), Dt(n);
	}
}), Et("__e", function(e, t, n, r) {
	Dt(), e(t, n, r);
}), Et("diffed", function(e, t) {
	Dt();
	var n;
	if (typeof t.type == "string" && (n = t.__e)) {
		var r = t.__np, i = t.props, a = n.U;
		if (a) for (var o in a) {
			var s = a[o];
			s === void 0 || r && o in r || (s.d(), a[o] = void 0);
		}
		if (r) for (var c in a || (a = {}, n.U = a), r) {
			var l = a[c], u = r[c];
			l === void 0 ? (l = kt(n, c, u, i), a[c] = l) : l.o(u, i);
		}
	}
	e(t);
});
function kt(e, t, n, r) {
	var i = t in e && e.ownerSVGElement === void 0, a = D(n);
	return {
		o: function(e, t) {
			a.value = e, r = t;
		},
		d: xt(function() {
			this.N = Mt;
			var n = a.value.value;
			r[t] !== n && (r[t] = n, i ? e[t] = n : n != null && (!1 !== n || t[4] === "-") ? e.setAttribute(t, n) : e.removeAttribute(t));
		})
	};
}
Et("unmount", function(e, t) {
	if (typeof t.type == "string") {
		var n = t.__e;
		if (n) {
			var r = n.U;
			if (r) for (var i in n.U = void 0, r) {
				var a = r[i];
				a && a.d();
			}
		}
		var o = t.__np;
		if (o) {
			var s = t.props;
			for (var c in o) s[c] = o[c];
		}
		t.__np = void 0;
	} else {
		var l = t.__c;
		if (l) {
			l.__$f |= 8;
			var u = l.__$u;
			u && (l.__$u = void 0, u.d());
		}
	}
	e(t);
}), Et("__h", function(e, t, n, r) {
	r < 3 && (t.__$f |= 2), e(t, n, r);
}), ne.prototype.shouldComponentUpdate = function(e, t) {
	if (this.__R) return !0;
	var n = this.__$u, r = n && n.s !== void 0;
	for (var i in t) return !0;
	if (this.__f || typeof this.u == "boolean" && !0 === this.u) {
		var a = 2 & this.__$f;
		if (!(r || a || 4 & this.__$f) || 1 & this.__$f) return !0;
	} else if (!(r || 4 & this.__$f) || 3 & this.__$f) return !0;
	for (var o in e) if (o !== "__source" && e[o] !== this.props[o]) return !0;
	for (var s in this.props) if (!(s in e)) return !0;
	return !1;
};
function O(e, t) {
	return He(function() {
		return D(e, t);
	}, []);
}
var At = function(e) {
	queueMicrotask(function() {
		queueMicrotask(e);
	});
};
function jt() {
	tt(function() {
		for (var e; e = Tt.shift();) St.call(e);
	});
}
function Mt() {
	Tt.push(this) === 1 && (e.requestAnimationFrame || At)(jt);
}
// src/hooks/useLate.ts
var Nt = 150;
function Pt(e) {
	let [t, n] = Le(!1);
	return ze(() => {
		if (!e) return n(!1);
		let t = setTimeout(() => n(!0), Nt);
		return () => clearTimeout(t);
	}, [e]), e && t;
}
// src/hooks/usePage.ts
var Ft = Se(null);
function k() {
	let e = Ue(Ft);
	if (!e) throw Error("A panel is used outside the page.");
	return e;
}
// src/protocol/asks.ts
var It = {
	explain: 0,
	test: 1,
	terms: 1,
	tokens: 1,
	inspect: 2,
	reads: 3,
	generate: 2,
	attention: 3,
	lens: 4,
	patch: 5,
	paths: 6,
	facts: 6,
	edit: 6,
	update: 6,
	attribute: 7,
	find: 8
}, Lt = 2, Rt = 200;
function A(e) {
	if (Array.isArray(e)) return `[${e.map(A).join(",")}]`;
	if (typeof e != "object" || !e) return JSON.stringify(e);
	let t = Object.entries(e).filter(([, e]) => e !== void 0);
	return t.sort(([e], [t]) => e < t ? -1 : 1), `{${t.map(([e, t]) => `${JSON.stringify(e)}:${A(t)}`).join(",")}}`;
}
function zt({ test: e, parts: t }) {
	return e === !0 ? 3 : t === !1 ? 0 : 1;
}
var Bt = {
	stage: "waiting",
	fraction: 0,
	result: null,
	error: null
}, Vt = class {
	lost = D(!1);
	#e = /* @__PURE__ */ new Map();
	#t = [];
	#n;
	constructor(e, t) {
		this.#n = e;
		for (let [e, n] of Object.entries(t)) {
			let t = JSON.parse(e);
			this.#e.set(A(t), this.#r(t, n));
		}
	}
	watch(e) {
		let t = A(e), n = this.#e.get(t) ?? this.#r(e, null);
		return n.answer.value?.error && (n.state = "queued", n.answer.value = Bt), this.#e.set(t, n), n.watchers += 1, n.seen = !0, n.state === "queued" && this.#o(), this.#i(), n.answer;
	}
	release(e) {
		let t = A(e), n = this.#e.get(t);
		n && (--n.watchers, n.watchers > 0 || n.state === "done" || (n.cancel?.(), this.#e.delete(t), this.#i()));
	}
	foresee(e) {
		return this.#t.unshift(e), this.#i(), () => {
			this.#t.splice(this.#t.indexOf(e), 1), this.#o(this.#t.flat().map(A)), this.#i();
		};
	}
	known(e) {
		return this.#e.get(A(e))?.answer.value ?? null;
	}
	peek(e) {
		return this.#e.get(A(e))?.answer.value?.result ?? null;
	}
	shown(...e) {
		let t = ({ watchers: t, ask: n }) => t > 0 || e.some((e) => e === n.prompt), n = [...this.#e].filter(([, e]) => e.seen && t(e) && e.answer.value?.result);
		return Object.fromEntries(n.map(([e, t]) => [e, t.answer.value?.result]));
	}
	#r(e, t) {
		let n = t !== null;
		return {
			ask: e,
			order: It[e.ask] + (e.ask === "explain" ? zt(e) : 0),
			answer: D(n ? {
				...Bt,
				fraction: 1,
				result: t
			} : Bt),
			watchers: 0,
			seen: n,
			cancel: null,
			state: n ? "done" : "queued"
		};
	}
	retry() {
		this.lost.value = !1, this.#i();
	}
	#i() {
		if (this.lost.value) return;
		let e = [...this.#e.values()], t = Lt - e.filter((e) => e.state === "running").length, n = e.filter((e) => e.state === "queued").sort((e, t) => e.order - t.order);
		for (let e of n) {
			if (t === 0) break;
			this.#s(e), --t;
		}
		t === Lt && this.#a();
	}
	#a() {
		let e = this.#t.flat().find((e) => !this.#e.has(A(e)));
		if (!e) return;
		let t = this.#r(e, null);
		this.#e.set(A(e), t), this.#s(t);
	}
	#o(e = []) {
		for (let [t, n] of this.#e) n.watchers > 0 || n.state === "done" || e.includes(t) || (n.cancel?.(), this.#e.delete(t));
	}
	#s(e) {
		let t = (t) => {
			e.state !== "done" && (e.state = "done", e.cancel = null, e.answer.value = t, this.#c(), this.#i());
		};
		e.state = "running", e.cancel = this.#n(e.ask, {
			progress: (t, n) => {
				e.state === "running" && (e.answer.value = {
					...Bt,
					stage: t,
					fraction: n
				});
			},
			result: (e) => t({
				...Bt,
				fraction: 1,
				result: e
			}),
			error: (e) => t({
				...Bt,
				error: e
			}),
			lost: () => {
				e.state === "running" && (e.watchers === 0 && this.#e.delete(A(e.ask)), e.state = "queued", e.cancel = null, e.answer.value = Bt, this.lost.value = !0);
			}
		});
	}
	#c() {
		for (let [e, t] of this.#e) {
			if (this.#e.size <= Rt) return;
			t.watchers === 0 && t.state === "done" && this.#e.delete(e);
		}
	}
};
// src/hooks/useAsk.ts
function Ht(e) {
	let t = k(), n = e === null ? "" : A(e), r = O(null);
	if (Be(() => {
		if (e !== null) return r.value = {
			key: n,
			answer: t.desk.watch(e)
		}, () => t.desk.release(e);
	}, [n]), r.value?.key === n) return r.value.answer.value;
	let i = e && t.desk.known(e);
	return i?.result ? i : null;
}
function Ut(e) {
	let t = k();
	ze(() => t.data.host === "page" && e.length > 0 ? t.desk.foresee(e) : void 0, [A(e)]);
}
function Wt(e, t = !1) {
	let n = Ht(e), r = Ve(null);
	return n?.result && (r.current = n.result), e === null && !t && (r.current = null), {
		answer: n,
		result: n?.error ? null : r.current,
		stale: !n?.result
	};
}
// ../../../main/explorer/node_modules/preact/jsx-runtime/dist/jsxRuntime.mjs
var Gt = Symbol.for("pv"), Kt = 0;
Array.isArray;
function j(t, n, r, i, a, o) {
	n ||= {};
	var s, c, l = n;
	if ("ref" in l && typeof t != "function") for (c in l = {}, n) c == "ref" ? s = n[c] : l[c] = n[c];
	var u = {
		type: t,
		props: l,
		key: r,
		ref: s,
		__k: null,
		__: null,
		__b: 0,
		__e: null,
		__c: null,
		constructor: Gt,
		__v: --Kt,
		__i: -1,
		__u: 0
	};
	return (a || o) && (u.__source = a, u.__self = o), e.vnode && e.vnode(u), u;
}
// src/hooks/useTested.tsx
var qt = [
	"why",
	"parts",
	"tests"
], Jt = Se(null), Yt = Se(null);
function Xt({ children: e }) {
	let t = k(), n = t.followed(), r = t.at.view.value, i = r === "tests" && t.at.pins.value.length > 0, a = n !== null && qt.includes(r) && !i, o = (e) => ({
		ask: "explain",
		...n,
		test: e,
		top: 10
	}), s = Ht(a && !t.desk.peek(o(!0)) ? o(!1) : null), c = Ht(a ? o(!0) : null);
	return /* @__PURE__ */ j(Jt.Provider, {
		value: c,
		children: /* @__PURE__ */ j(Yt.Provider, {
			value: c?.result ?? s?.result ?? null,
			children: e
		})
	});
}
function Zt() {
	return Ue(Jt);
}
function Qt() {
	return Zt()?.result ?? null;
}
function $t() {
	return Ue(Yt);
}
// src/page/keys.ts
var en = {
	none: "zero",
	zero: "mean",
	mean: null,
	double: null,
	swap: null
};
function tn(e, t) {
	let n = e.data.host === "widget" ? t : document, r = (n) => nn(e, t, n);
	return n.addEventListener("keydown", r), () => n.removeEventListener("keydown", r);
}
function nn(e, t, n) {
	if (n.ctrlKey || n.metaKey || n.altKey || rn(n.target) || e.helpOpen.value || e.glossary.value !== null) return;
	let { selection: r, test: i } = e.state.value;
	if (n.key === "t" && r) e.set({ test: en[i ?? "none"] });
	else if (n.key === "p" && r) e.pin();
	else if (n.key === "/") t.querySelector("[data-find]")?.focus();
	else if (n.key === "?") e.helpOpen.value = !0;
	else if (n.key === "Escape" && r) e.select(null);
	else return;
	n.preventDefault();
}
function rn(e) {
	return e instanceof HTMLElement && (e.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(e.tagName));
}
// src/lib/glossary.ts
var an = on("# Glossary\n\nThe field's terms as they are used here, one line each.\n\n| term | meaning |\n|---|---|\n| activation (of a neuron) | What enters the down projection; in a gated MLP `act(gate) * up`. It can be negative. |\n| attention head | One query-key-value reader of a block; it writes `z W_O^h` to the residual stream. |\n| attention sink | A source token, mostly the first, that gets much attention and adds little. |\n| block | One layer: attention and MLP, which both add to the stream. Counted from 0. |\n| borderline | So near a limit that rounding could change the word. |\n| causal, suppressor | A part without which the target falls, or rises, by 0.3 nats; or by 0.1 and by more than 95 % of the parts of its kind do ([verdicts](methods/direct-effect.md#verdicts)). |\n| contribution | What one source token's value adds to the readout through one head. |\n| control | The parts of the same kind, each zeroed as well, beside which an effect is ranked. |\n| credit | The value of a part's term: its direct effect on the readout, in logits. |\n| cross-attention | The sublayer by which a decoder reads the encoder's last states. |\n| direct effect | What a part's own write adds to the readout, with everything else as it was. |\n| direct logit attribution | A logit as a sum of direct effects; here a ledger. |\n| down projection | `W_out`, the matrix from neurons to the stream. |\n| embedding | The vector of a token, the first term of the stream. |\n| encoder | The stack that reads the source in an encoder-decoder; every position sees every other. |\n| expert | One of the MLPs of a mixture of experts; the router weighs those it chooses. |\n| family | All models of one `model_type`; one row that says where their parts are. |\n| final norm | The norm between the last block and the unembedding. |\n| frozen | Held at its value in the recorded run. |\n| gain, shift | The learned factor and offset of a norm, one number a dimension. |\n| grain, granularity | How fine a ledger is: sublayer, head, source, neuron. |\n| grouped-query attention | Several query heads share one key-value head. |\n| head role | What a head is known to do: look at the previous token, copy, suppress copies ([the list](methods/head-roles.md)). |\n| induction | Attention to what followed the same token earlier. |\n| KL | `KL(final prediction ‖ prediction of a state)`, in nats. |\n| ledger | Named terms whose sum is compared with the model's own number. |\n| logit | The score of a token before the softmax. |\n| logit lens | The final norm and the unembedding applied to an earlier state of the stream. |\n| log-odds | `log(P / (1 - P))`, in nats: what an effect on a probability is measured in, since it does not saturate. |\n| MLP | The second sublayer of a block; papers also say FFN. |\n| nats | The unit of log-odds: 1 nat multiplies the odds by 2.7, 0.1 nats by 1.1. |\n| neuron | One hidden unit of an MLP; it writes its activation times one row of `W_out`. |\n| OV circuit | `W_V W_O` of a head: what it writes for a source token, given that it looks there. |\n| patching | A value of one run put into another, to see what follows (also: activation patching). |\n| path | A way from where something is written through heads to the readout; its value is a product of what each step passes on. |\n| pattern | A head's attention probabilities, query by key. |\n| post-LN | A block whose norms follow the sum of stream and write (BART, Marian); others norm what a sublayer reads. |\n| position | Index of a token in the prompt, from 0; −1 is the last. |\n| post-norm | A norm on a sublayer's output before it is added to the stream (Gemma 2 and 3, OLMo 2). |\n| QK circuit | `W_Q W_K^T` of a head: where it looks. |\n| rank | 1 is the most probable token. |\n| readout | A linear functional of the stream at one position: a logit, a difference of logits, a direction. |\n| reference | What is subtracted from the raw logit: the vocabulary mean, another token's logit, or nothing. |\n| `resid_pre`, `resid_mid`, `resid_post` | The stream before a block, after its attention, after its MLP. |\n| residual stream | The vector at each position that every sublayer adds to. |\n| run | One forward pass, kept. |\n| soft-cap | `c * tanh(logit / c)` after the unembedding (Gemma 2). |\n| source token | The token whose value a head reads. |\n| source | What the encoder of an encoder-decoder reads. |\n| sublayer | The attention or the MLP of a block. |\n| term | One addend of a ledger. |\n| tolerance | How far a ledger may be off before it is an error; what rounding explains. |\n| total effect | What changes in the output when a part is changed, with all that follows from it. |\n| unembedding | `W_U`, the matrix from the normed stream to logits. |\n| value (of attention) | What a source token offers to a head; the pattern mixes values into `z`. |\n| versus | A reference: the logit of another token. |\n| write | What a sublayer, head or neuron adds to the stream. |\n| `z` | A head's mix of values, before the output projection. |\n| zeroed | Set to zero where the question is asked, with all that follows computed again: what the target would be without the part. |\n");
function on(e) {
	return e.split("\n").map((e) => /^\| (.+?) \| (.+) \|$/.exec(e)).flatMap((e) => e?.[1] && e[2] && e[1] !== "term" ? [sn(cn(e[1]), cn(e[2]))] : []);
}
function sn(e, t) {
	return {
		names: [e, ...e.replace(/ \(.*\)$/, "").split(", ")].map((e) => e.toLowerCase()),
		term: e,
		meaning: t
	};
}
function cn(e) {
	return e.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("`", "");
}
function ln(e) {
	let t = [e.toLowerCase(), e.toLowerCase().replace(/s$/, "")];
	return an.find((e) => e.names.some((e) => t.includes(e))) ?? null;
}
// src/panels/Glossary.tsx
function un() {
	let e = k(), t = Ve(null), n = e.glossary.value, r = n === null ? null : ln(n);
	return ze(() => {
		n === null ? t.current?.close() : (t.current?.open || t.current?.showModal(), t.current?.querySelector(".chosen")?.scrollIntoView({ block: "center" }));
	}, [n]), /* @__PURE__ */ j("dialog", {
		class: "glossary",
		ref: t,
		"aria-labelledby": "unembed-glossary",
		onClose: () => e.glossary.value = null,
		children: [/* @__PURE__ */ j("form", {
			method: "dialog",
			class: "controls",
			children: [/* @__PURE__ */ j("h2", {
				id: "unembed-glossary",
				children: "Glossary"
			}), /* @__PURE__ */ j("button", {
				type: "submit",
				children: "Close"
			})]
		}), n === null ? null : /* @__PURE__ */ j("dl", {
			tabIndex: 0,
			children: an.map((e) => /* @__PURE__ */ j("div", {
				class: e === r ? "chosen" : "",
				children: [/* @__PURE__ */ j("dt", { children: e.term }), /* @__PURE__ */ j("dd", { children: e.meaning })]
			}, e.term))
		})]
	});
}
// src/lib/parts.ts
function M(e) {
	let { cross: t, encoder: n, layer: r, head: i } = e;
	return {
		kind: t ? "cross_head" : "head",
		layer: r,
		head: i,
		...n ? { encoder: n } : {}
	};
}
function dn(e) {
	let { layer: t, expert: n, neuron: r, encoder: i } = e;
	return {
		kind: "neuron",
		layer: t,
		...n === null ? {} : { expert: n },
		neuron: r,
		...i ? { encoder: i } : {}
	};
}
function fn(e, t) {
	return e === null || t === null ? e === t : pn(e) === pn(t);
}
function pn(e) {
	return [
		e.kind,
		e.layer,
		e.head ?? "",
		e.expert ?? "",
		e.neuron ?? "",
		e.encoder ? "enc" : ""
	].join(" ");
}
function mn(e) {
	return e.kind === "head" ? "attention" : e.kind === "cross_head" ? "cross_attention" : e.kind === "neuron" ? "mlp" : e.kind;
}
function hn(e) {
	return mn(e) === "cross_attention";
}
function gn(e) {
	return hn(e) || e.encoder === !0;
}
function _n(e) {
	return e.encoder ? { encoder: !0 } : hn(e) ? { cross: !0 } : {};
}
function vn(e) {
	let t = /^\s*enc\.(.*)$/is.exec(e);
	if (!t) return yn(e);
	let n = yn(t[1] ?? "");
	return n === null || hn(n) ? null : {
		...n,
		encoder: !0
	};
}
function yn(e) {
	let t = /^\s*L?(\d+)(?:[.\s]*(?:H(\d+)|X(\d+)|(?:E(\d+)[.\s]*)?N(\d+)|(A(?:ttn|ttention)?)|(C(?:ross)?)|(M(?:LP)?)))?\s*$/i.exec(e);
	if (!t) return null;
	let [, n, r, i, a, o, , s, c] = t, l = { layer: Number(n) };
	return r === void 0 ? i === void 0 ? o === void 0 ? {
		kind: c ? "mlp" : s ? "cross_attention" : "attention",
		...l
	} : {
		kind: "neuron",
		...l,
		...a === void 0 ? {} : { expert: Number(a) },
		neuron: Number(o)
	} : {
		kind: "cross_head",
		...l,
		head: Number(i)
	} : {
		kind: "head",
		...l,
		head: Number(r)
	};
}
function N(e) {
	return xn(bn(e), e.encoder ?? !1);
}
function bn(e) {
	return e.kind === "head" ? `L${e.layer}.H${e.head}` : e.kind === "cross_head" ? `L${e.layer}.X${e.head}` : e.kind === "neuron" ? e.expert === void 0 ? `L${e.layer}.N${e.neuron}` : `L${e.layer}.E${e.expert}.N${e.neuron}` : `L${e.layer} ${{
		mlp: "mlp",
		attention: "attn",
		cross_attention: "cross"
	}[e.kind]}`;
}
function xn(e, t) {
	return t ? `enc.${e}` : e;
}
function Sn(e) {
	let t = Cn(e);
	if (t) return N(t);
	if (e.kind === "shared_experts" && typeof e.neuron == "number") return `L${e.layer}.shared.N${e.neuron}`;
	let n = e.kind.replaceAll("_", " ");
	return e.layer === null ? n : `L${e.layer} ${n}`;
}
function Cn(e) {
	let { kind: t, layer: n, expert: r } = e;
	return n === null ? null : t === "cross_attention" ? typeof e.head == "number" ? {
		kind: "cross_head",
		layer: n,
		head: e.head
	} : {
		kind: t,
		layer: n
	} : t === "attention" || t === "mlp" ? {
		kind: t,
		layer: n
	} : t === "head" && typeof e.head == "number" ? {
		kind: t,
		layer: n,
		head: e.head
	} : t !== "neuron" || typeof e.neuron != "number" ? null : {
		kind: t,
		layer: n,
		...typeof r == "number" ? { expert: r } : {},
		neuron: e.neuron
	};
}
function wn(e) {
	let t = e;
	return typeof t != "object" || !t || !Tn(t.layer) || t.encoder !== void 0 && (t.encoder !== !0 || String(t.kind).startsWith("cross")) ? !1 : t.kind === "head" || t.kind === "cross_head" ? Tn(t.head) : t.kind === "neuron" ? Tn(t.neuron) && (t.expert === void 0 || Tn(t.expert)) : t.kind === "attention" || t.kind === "cross_attention" || t.kind === "mlp";
}
function Tn(e) {
	return Number.isInteger(e) && e >= 0;
}
function En(e, t) {
	return (t.reads === null || t.reads === void 0) && (e.encoder || hn(e)) ? "this model has no encoder." : e.encoder ? "" : e.layer >= t.layers ? `its layers are L0 to L${t.layers - 1}.` : e.head !== void 0 && e.head >= t.heads ? `the heads of a layer are 0 to ${t.heads - 1}.` : e.neuron === void 0 ? "" : t.d_mlp === 0 ? "this model has no neurons." : e.neuron >= t.d_mlp ? `the neurons of a layer are 0 to ${t.d_mlp - 1}.` : "";
}
function Dn(e) {
	let t = e.ledger.terms.flatMap((e) => Cn(e) ?? []);
	return [
		...e.heads.map(M),
		...e.neurons.map(dn),
		...t
	];
}
// src/lib/knowledge.ts
var On = [
	"update",
	"erase",
	"suppress",
	"amplify"
], kn = ["rome", "value"], An = [
	"refined",
	"kept",
	"shared"
], jn = {
	prompts: null,
	subject: "",
	t: .2,
	set: null,
	test: null,
	edit: null
};
function Mn(e, t, n) {
	let r = n.trim();
	return e.relations.flatMap(({ name: e, facts: n }) => n.filter((e) => r !== "" && e.answer.startsWith(r) && t.includes(e.subject)).map((t) => ({
		...t,
		relation: e
	})));
}
function Nn({ layers: e, attributions: t }) {
	return [!0, !1].map((n) => ({
		encoder: n,
		layers: e.filter((e) => (e.encoder ?? !1) === n),
		neurons: t.filter((e) => (e.encoder ?? !1) === n)
	})).filter((e) => e.layers.length > 0);
}
function Pn(e) {
	return N(dn(e));
}
function Fn(e, t) {
	let n = Array.from({ length: t }, () => []);
	for (let t of e) n[t.layer]?.push(t);
	for (let e of n) e.sort((e, t) => Math.abs(t.value) - Math.abs(e.value));
	return n;
}
function In(e) {
	return [...new Set(e.split("\n").filter((e) => e.trim() !== ""))];
}
function Ln(e) {
	let [t] = e.facts;
	return {
		refined: t?.refined ?? [],
		kept: t?.kept ?? [],
		shared: e.shared
	};
}
function Rn(e, t) {
	return t ?? An.find((t) => e[t].length > 0) ?? "refined";
}
function zn({ layer: e, expert: t, neuron: n }) {
	return {
		layer: e,
		...t === null ? {} : { expert: t },
		neuron: n
	};
}
function Bn({ relation: e, subject: t, answer: n, target: r, prompts: i }) {
	let a = r === ` ${n}` ? {} : { target: r };
	return JSON.stringify({
		relation: e,
		subject: t || e,
		answer: n,
		...a,
		prompts: i
	});
}
function Vn(e, t, n, r, i) {
	let a = n ? [
		"--relation",
		t.relation,
		"--subject",
		t.subject
	] : [], o = [
		"--model",
		i,
		"--save",
		"edit.safetensors"
	];
	if (e.action === "update") {
		let t = e.method === "rome" ? [] : [
			"--method",
			"value",
			...r.flatMap((e) => ["--neuron", e])
		];
		return Hn([
			"update",
			...n ? a : ["fact.jsonl"],
			"--to",
			e.to,
			...t,
			...o
		]);
	}
	return e.action === "erase" ? Hn([
		"suppress",
		...r,
		...o
	]) : Hn([
		e.action,
		...r,
		...n ? a : ["--facts", "fact.jsonl"],
		...o
	]);
}
function Hn(e) {
	return `unembed knowledge ${e.map((e) => /^[\w./-]+$/.test(e) ? e : `'${e.replaceAll("'", "'\\''")}'`).join(" ")}`;
}
function Un(e, t) {
	let { prompts: n, t: r } = e;
	return {
		ask: "find",
		...Gn(e, t),
		t: r,
		...n === null ? {} : { prompts: n }
	};
}
function Wn(e, t, n, r) {
	let { prompts: i, subject: a } = e, o = i === null ? {} : { prompts: i }, s = r.map(zn);
	return t.action === "update" ? {
		ask: "update",
		...Gn(e, n),
		...o,
		to: t.to,
		method: t.method,
		...t.method === "value" ? { neurons: s } : {},
		...i === null ? {} : { subject: a }
	} : {
		ask: "edit",
		...Gn(e, n),
		...o,
		action: t.action,
		neurons: s
	};
}
function Gn({ prompts: e }, { prompt: t, target: n }) {
	return e === null ? { prompt: t } : {
		prompt: t,
		target: n
	};
}
function Kn(e) {
	let t = e;
	if (typeof t != "object") return !1;
	let { prompts: n, subject: r, t: i, set: a, test: o, edit: s } = t;
	return (n === null || Array.isArray(n) && n.every((e) => typeof e == "string")) && typeof r == "string" && typeof i == "number" && Jn([null, ...An])(a) && Jn([
		null,
		"zero",
		"double"
	])(o) && (s === null || qn(s));
}
function qn(e) {
	let t = e;
	return typeof t == "object" && Jn(On)(t.action) && typeof t.to == "string" && Jn(kn)(t.method);
}
function Jn(e) {
	return (t) => e.includes(t);
}
// src/page/state.ts
var Yn = [
	"zero",
	"double",
	"mean",
	"swap"
], Xn = [
	"why",
	"parts",
	"graph",
	"tests",
	"compare",
	"facts",
	"continue"
], Zn = {
	view: "why",
	a: "",
	b: null,
	source: null,
	position: null,
	target: null,
	vs: null,
	reference: "mean",
	word: null,
	selection: null,
	test: null,
	pins: [],
	knowledge: null
};
function Qn(e) {
	let t = Object.entries(e).filter(([e, t]) => JSON.stringify(t) !== JSON.stringify(Zn[e]));
	return t.length === 0 ? "" : `#${encodeURIComponent(JSON.stringify(Object.fromEntries(t)))}`;
}
function $n(e, t = Zn) {
	if (e.length < 2) return t;
	let n;
	try {
		n = JSON.parse(decodeURIComponent(e.slice(1)));
	} catch {
		return t;
	}
	return typeof n == "object" && n && !Array.isArray(n) ? er({
		...Zn,
		...n
	}) : t;
}
function er(e) {
	let t = (t, n) => n(e[t]) ? e[t] : Zn[t], n = (e) => e === null || typeof e == "string";
	return {
		view: t("view", (e) => Xn.some((t) => t === e)),
		a: t("a", (e) => typeof e == "string"),
		b: t("b", n),
		source: t("source", n),
		position: t("position", (e) => e === null || Tn(e)),
		target: t("target", (e) => n(e) || Tn(e)),
		vs: t("vs", n),
		reference: t("reference", (e) => e === "mean" || e === "raw"),
		word: t("word", (e) => e === null || Tn(e)),
		selection: t("selection", (e) => e === null || wn(e)),
		test: t("test", (e) => e === null || rr(e)),
		pins: t("pins", (e) => Array.isArray(e) && e.every(ir)),
		knowledge: t("knowledge", (e) => e === null || Kn(e))
	};
}
function tr(e) {
	return e.text === "" || e.text.includes("�") ? e.id : e.text;
}
function nr(e, t) {
	return {
		target: tr(e),
		...e.text === t ? { vs: null } : {}
	};
}
function rr(e) {
	return Yn.some((t) => t === e);
}
function ir(e) {
	let t = e;
	return typeof t == "object" && !!t && wn(t.part) && rr(t.how);
}
// src/protocol/transports.ts
function ar(e) {
	return (t, n) => {
		let r = new AbortController();
		return sr("/ask", t, e, r.signal).then(async (e) => {
			if (!e.ok || !e.body) throw Error(await cr(e));
			await lr(e.body, n);
		}).catch((e) => {
			r.signal.aborted || (or(e) ? n.lost() : n.error(e instanceof Error ? e.message : String(e)));
		}), () => r.abort();
	};
}
function or(e) {
	return e instanceof TypeError;
}
function sr(e, t, n, r) {
	let i = { "content-type": "application/json" };
	return n !== null && (i.authorization = `Bearer ${n}`), fetch(e, {
		method: "POST",
		headers: i,
		body: JSON.stringify(t),
		...r ? { signal: r } : {}
	});
}
async function cr(e) {
	let t = await e.text();
	try {
		let { message: e } = JSON.parse(t);
		if (e) return e;
	} catch {}
	return t || `The server answered ${e.status}.`;
}
async function lr(e, t) {
	let n = e.pipeThrough(new TextDecoderStream()).getReader(), r = "";
	for (;;) {
		let { done: e, value: i } = await n.read();
		if (e) break;
		r += i.replaceAll("\r\n", "\n");
		let a = r.split("\n\n");
		r = a.pop() ?? "";
		for (let e of a) ur(e, t);
	}
	r.trim() && ur(r, t), t.lost();
}
function ur(e, t) {
	let n = e.split("\n"), r = (e) => n.filter((t) => t.startsWith(`${e}:`)).map((t) => t.slice(e.length + 1).replace(/^ /, "")), i = r("data").join("\n");
	i && dr(r("event")[0] ?? "message", JSON.parse(i), t);
}
function dr(e, t, n) {
	if (e === "progress") {
		let { stage: e, fraction: r } = t;
		n.progress(e, r);
	} else e === "error" ? n.error(t.message) : e === "result" && n.result(t);
}
var fr = /* @__PURE__ */ new Set([
	"top",
	"test",
	"parts",
	"target"
]);
function pr(e) {
	let t = (e) => A(Object.fromEntries(Object.entries(e).filter(([e]) => !fr.has(e)))), n = Object.entries(e).map(([e, n]) => {
		let r = JSON.parse(e);
		return {
			core: t(r),
			tokens: mr(r, n),
			payload: n
		};
	});
	return (e, r) => {
		let i = t(e), a = n.find(({ core: t, tokens: n }) => t === i && (n.length === 0 || n.includes(e.target ?? null)));
		return a ? r.result(a.payload) : r.error("Not kept in this report. Open the prompt with `unembed open` to ask for it."), () => {};
	};
}
function mr(e, t) {
	let { target: n } = t ?? {};
	return n?.id === void 0 ? [] : [
		e.target ?? null,
		n.id,
		n.text
	];
}
function hr(e) {
	let t = 0;
	return (n, r) => {
		t += 1;
		let i = t, a = (t) => {
			t.id === i && (dr(t.event, t.data, r), t.event !== "progress" && e.off("msg:custom", a));
		};
		return e.on("msg:custom", a), e.send({
			id: i,
			ask: n
		}), () => {
			e.off("msg:custom", a), e.send({
				id: i,
				cancel: !0
			});
		};
	};
}
var gr = 11811, _r = 33;
function vr(e) {
	let t = /* @__PURE__ */ new Uint8Array(21), n = new DataView(t.buffer);
	n.setUint32(0, 9), t.set(new TextEncoder().encode("pHYs"), 4), n.setUint32(8, gr), n.setUint32(12, gr), t[16] = 1, n.setUint32(17, yr(t.subarray(4, 17)));
	let r = new Uint8Array(e.length + t.length);
	return r.set(e.subarray(0, _r)), r.set(t, _r), r.set(e.subarray(_r), _r + t.length), r;
}
function yr(e) {
	let t = 4294967295;
	for (let n of e) {
		t ^= n;
		for (let e = 0; e < 8; e += 1) t = t & 1 ? t >>> 1 ^ 3988292384 : t >>> 1;
	}
	return (t ^ 4294967295) >>> 0;
}
// src/ui/download.ts
function br(e, t, n) {
	let r = URL.createObjectURL(new Blob([t], { type: n })), i = document.createElement("a");
	i.href = r, i.download = e, i.click(), URL.revokeObjectURL(r);
}
async function xr({ svg: e, width: t, height: n }) {
	let r = new Image();
	r.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(e)}`, await r.decode();
	let i = document.createElement("canvas");
	i.width = Math.round(t / 72 * 300), i.height = Math.round(n / 72 * 300);
	let a = i.getContext("2d");
	if (!a) throw Error("This browser draws no pictures.");
	a.drawImage(r, 0, 0, i.width, i.height);
	let o = await new Promise((e) => i.toBlob(e, "image/png"));
	if (!o) throw Error("The picture is too large for this browser.");
	return vr(new Uint8Array(await o.arrayBuffer()));
}
// src/lib/format.ts
var Sr = "−", Cr = 1e6;
function P(e, t = 2) {
	return wr(e, t, "");
}
function F(e, t = 2) {
	return wr(e, t, "+");
}
function wr(e, t, n) {
	let r = Math.abs(e);
	if (!(r < Cr)) return Tr(e, t, n);
	let i = r.toFixed(t);
	return Number(i) === 0 ? i : Er(e, n) + i;
}
function Tr(e, t = 0, n = "") {
	if (Number.isNaN(e)) return "NaN";
	if (e === 0) return "0";
	let r = Math.abs(e), i = Number.isFinite(r) ? r.toExponential(t).replace(/([+-])(\d)$/, "$10$2") : "∞";
	return Er(e, n) + i;
}
function Er(e, t) {
	return e < 0 ? Sr : t;
}
function I(e) {
	if (e < 1e-4) return "<0.01%";
	let t = P(100 * e, e >= .001 ? 1 : 2);
	return t === "100.0" ? ">99.9%" : `${t}%`;
}
function Dr(e) {
	return `${P(100 * e, 1)}%`;
}
function Or(e, t) {
	if (Math.max(e, t) < 1e-4) return [Tr(e, 1), Tr(t, 1)];
	let [n, r] = [I(e), I(t)];
	if (!Mr(e, t) || n !== r && !jr(e, t)) return [n, r];
	let i = 2;
	for (; i < 4 && !Ar(e, t, i);) i++;
	return [`${kr(e, i)}%`, `${kr(t, i)}%`];
}
function kr(e, t) {
	let n = P(100 * e, t);
	if (e <= 0 || e >= 1 || ![0, 100].includes(Number(n))) return n;
	let r = 10 ** -t;
	return Number(n) === 0 ? `<${P(r, t)}` : `>${P(100 - r, t)}`;
}
function Ar(e, t, n) {
	let r = [kr(e, n), kr(t, n)];
	return r[0] !== r[1] && !(jr(e, t) && r.some((e) => e.includes(">")));
}
function jr(e, t) {
	return Math.min(e, t) > .99;
}
function Mr(e, t) {
	let [n, r] = e < t ? [e, t] : [t, e];
	return r * (1 - n) > 1.1 * n * (1 - r);
}
function Nr(e) {
	let { verdict: t, size: n } = e;
	return `${n === "none" || t === "ordinary" ? "○" : "●"} ${t === null ? n : t === "ordinary" ? t : `${n} ${t}`}${e.borderline ? " ~" : ""}`;
}
var Pr = {
	" ": "·",
	"\n": "↵",
	"	": "⇥"
}, Fr = /[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Co}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u;
function L(e) {
	return [...e].map((e) => Pr[e] ?? (Fr.test(e) ? Wr(e) : e)).join("") || "''";
}
var Ir = "[\\u0590-\\u08ff\\ufb1d-\\ufdff\\ufe70-\\ufefc]", Lr = RegExp(`${Ir}(?:[^\\x21-\\x7e\\u2190-\\u21ff]*${Ir})*`, "gu");
function Rr(e) {
	return e.replace(Lr, "⁨$&⁩");
}
function R(e) {
	return Rr(L(e));
}
function z(e) {
	return e ? e.fragment ?? L(e.text) : "";
}
function zr(e) {
	let t = (e) => e.replace(/(\S+) (\d+)\/\d+/gu, (e, t, n) => n === "1" ? t : "").replaceAll(" ", "");
	return e.map(({ text: e, fragment: n }) => n == null ? e : t(n)).join("");
}
var Br = {
	" ": "space",
	"\n": "line break",
	"	": "tab"
};
function Vr(e) {
	let t = Br[e[0] ?? ""];
	return t === void 0 || [...e].some((t) => t !== e[0]) ? null : e.length === 1 ? `a ${t}` : `${e.length} ${t}s`;
}
function Hr(e) {
	return Vr(e) ?? L(e.trim() === "" ? e : e.trim());
}
function Ur(e, t) {
	let n = Hr(e);
	return Vr(e) === null && t.some((t) => t !== e && Hr(t) === n) ? L(e) : n;
}
function Wr(e) {
	let t = (e.codePointAt(0) ?? 0).toString(16).padStart(4, "0");
	return t.length > 4 ? `\\u{${t}}` : `\\u${t}`;
}
// src/ui/Offers.tsx
function Gr({ id: e, typed: t }) {
	let n = k(), { prompt: r, source: i, position: a } = n.followed() ?? {}, o = [...Ht(n.data.host !== "report" && r !== void 0 && t.trim() !== "" ? {
		ask: "tokens",
		prompt: r,
		source: i,
		position: a,
		text: t
	} : null)?.result?.found ?? [], ...n.explained.value?.predictions ?? []];
	return /* @__PURE__ */ j("datalist", {
		id: e,
		children: [...new Map(o.map((e) => [tr(e), e.probability]))].map(([e, t]) => typeof e == "string" ? /* @__PURE__ */ j("option", {
			value: e,
			label: `${L(e)} ${I(t)}`
		}, e) : null)
	});
}
// src/ui/Field.tsx
function Kr(e) {
	let t = k(), n = We(), r = String(t.at[e.name].value ?? ""), i = O(r);
	ze(() => {
		i.value = r;
	}, [r]);
	let a = () => {
		if (i.value === r) return;
		let n = (e.name === "target" || e.name === "vs") && i.value === "" ? null : i.value, a = e.name === "a" || e.name === "source";
		t.set({
			[e.name]: n,
			...a ? {
				position: null,
				target: null
			} : {}
		});
	}, o = {
		value: i.value,
		placeholder: e.placeholder ?? "",
		readOnly: !e.live,
		spellcheck: !1,
		autocomplete: "off",
		onBlur: a
	};
	return e.wide ? /* @__PURE__ */ j("label", {
		class: "wide",
		children: [e.label, /* @__PURE__ */ j("textarea", {
			...o,
			rows: Math.min(4, Math.ceil(Math.max(i.value.length, 1) / 100)),
			dir: "auto",
			onInput: (e) => i.value = e.currentTarget.value,
			onKeyDown: (e) => {
				e.key !== "Enter" || e.shiftKey || (e.preventDefault(), a());
			}
		})]
	}) : /* @__PURE__ */ j("label", { children: [
		e.label,
		/* @__PURE__ */ j("input", {
			...o,
			type: "text",
			list: e.offers ? n : void 0,
			onInput: (e) => i.value = e.currentTarget.value,
			onKeyDown: (e) => e.key === "Enter" && a()
		}),
		e.offers ? /* @__PURE__ */ j(Gr, {
			id: n,
			typed: i.value === r ? "" : i.value
		}) : null
	] });
}
// src/panels/EarlierPrompts.tsx
function qr() {
	let e = k(), { a: t, source: n } = e.state.value, r = e.earlier.list.value.filter((e) => e.a !== t || e.source !== n);
	return e.data.host === "report" || r.length === 0 ? null : /* @__PURE__ */ j("label", { children: ["Earlier", /* @__PURE__ */ j("select", {
		class: "earlier",
		value: "",
		onChange: (t) => {
			let n = r[Number(t.currentTarget.value)];
			t.currentTarget.value = "", n && e.set({
				...n,
				position: null,
				target: null
			});
		},
		children: [/* @__PURE__ */ j("option", {
			value: "",
			children: [r.length, " …"]
		}), r.map((e, t) => /* @__PURE__ */ j("option", {
			value: t,
			children: Jr(e)
		}, t))]
	})] });
}
function Jr({ a: e, source: t }) {
	let n = t ? `${t} → ${e}` : e;
	return n.length > 80 ? `${n.slice(0, 79)}…` : n;
}
// src/panels/Find.tsx
var Yr = [
	"compare",
	"facts",
	"continue"
];
function Xr() {
	let e = k(), t = Ve(null), n = We(), r = O(!1), i = e.explained.value, a = $t(), o = i ? Dn(a ?? i) : [], s = (n) => {
		let a = vn(n), o = a === null ? "" : i ? En(a, i.model) : "Nothing is explained yet.";
		r.value = a === null || o !== "", a === null ? e.said.value = `“${n}” names no part: write L23 (attention), L23.H4, L24.N1005 or L24 mlp.` : o && (e.said.value = `There is no ${N(a)}: ${o}`), a === null || o ? t.current?.select() : (Yr.includes(e.state.value.view) && e.set({ view: "parts" }), e.select(a), t.current?.blur());
	};
	return /* @__PURE__ */ j("label", {
		class: "find",
		children: [
			/* @__PURE__ */ j("span", { children: ["Find ", /* @__PURE__ */ j("kbd", { children: "/" })] }),
			/* @__PURE__ */ j("input", {
				ref: t,
				type: "search",
				"data-find": !0,
				list: n,
				placeholder: o[0] ? N(o[0]) : "part",
				"aria-invalid": r.value,
				onKeyDown: (e) => {
					e.key === "Enter" && e.currentTarget.value.trim() ? s(e.currentTarget.value.trim()) : e.key === "Escape" && e.currentTarget.blur();
				}
			}),
			/* @__PURE__ */ j("datalist", {
				id: n,
				children: o.map((e) => /* @__PURE__ */ j("option", { value: N(e) }, N(e)))
			})
		]
	});
}
// src/panels/Header.tsx
function Zr() {
	let e = k(), t = e.explained.value?.model ?? e.data.model, n = e.data.host !== "report", r = e.beside();
	return /* @__PURE__ */ j("header", {
		class: "top",
		children: [/* @__PURE__ */ j("div", {
			class: "title",
			children: [
				/* @__PURE__ */ j("h1", { children: "unembed" }),
				t ? /* @__PURE__ */ j("p", {
					class: "model",
					title: `${t.layers} layers × ${t.heads} heads`,
					children: [
						t.name,
						" · ",
						t.dtype,
						" · ",
						t.device
					]
				}) : null,
				/* @__PURE__ */ j("form", {
					class: "fields",
					onSubmit: (e) => e.preventDefault(),
					children: [
						e.reads() === "text" ? /* @__PURE__ */ j(Kr, {
							name: "source",
							label: "Source",
							wide: !0,
							live: n
						}) : null,
						/* @__PURE__ */ j(Kr, {
							name: "a",
							label: r === "source" ? "Decoder's prompt" : "Prompt",
							wide: !0,
							live: n
						}),
						/* @__PURE__ */ j(qr, {})
					]
				}),
				/* @__PURE__ */ j(Xr, {}),
				/* @__PURE__ */ j(ti, {}),
				e.data.host === "page" ? /* @__PURE__ */ j(ri, {}) : null,
				/* @__PURE__ */ j("button", {
					type: "button",
					"aria-label": "Keys",
					title: "Keys",
					onClick: () => e.helpOpen.value = !0,
					children: "?"
				})
			]
		}), /* @__PURE__ */ j("div", {
			class: "bar-of-views",
			children: [/* @__PURE__ */ j($r, {}), /* @__PURE__ */ j(ei, { live: n })]
		})]
	});
}
var Qr = {
	why: "Why",
	parts: "Parts",
	graph: "Graph",
	tests: "Tests",
	compare: "Compare",
	facts: "Facts",
	continue: "Continue"
};
function $r() {
	let e = k(), t = e.state.value;
	return /* @__PURE__ */ j("nav", {
		"aria-label": "Views",
		children: Xn.map((n) => /* @__PURE__ */ j("a", {
			href: Qn({
				...t,
				view: n
			}) || "#",
			"aria-current": n === t.view ? "page" : void 0,
			onClick: (t) => {
				t.ctrlKey || t.metaKey || t.shiftKey || (t.preventDefault(), e.go(n));
			},
			children: [Qr[n], n === "tests" && t.pins.length > 0 ? /* @__PURE__ */ j("span", {
				class: "small",
				children: [" ", t.pins.length]
			}) : null]
		}, n))
	});
}
function ei({ live: e }) {
	let t = k(), n = t.state.value;
	return /* @__PURE__ */ j("details", {
		class: "options",
		open: n.target !== null || n.vs !== null || n.reference !== "mean",
		children: [/* @__PURE__ */ j("summary", { children: "Another token or reference" }), /* @__PURE__ */ j("form", {
			class: "fields",
			onSubmit: (e) => e.preventDefault(),
			children: [
				/* @__PURE__ */ j(Kr, {
					name: "target",
					label: "Target",
					placeholder: "top prediction",
					live: e,
					offers: !0
				}),
				/* @__PURE__ */ j(Kr, {
					name: "vs",
					label: "Versus",
					placeholder: "none",
					live: e,
					offers: !0
				}),
				/* @__PURE__ */ j("label", { children: ["Reference", /* @__PURE__ */ j("select", {
					value: n.vs === null ? n.reference : "vs",
					disabled: !e || n.vs !== null,
					onChange: (e) => t.set({ reference: e.currentTarget.value }),
					children: [
						/* @__PURE__ */ j("option", {
							value: "mean",
							children: "above vocabulary mean"
						}),
						/* @__PURE__ */ j("option", {
							value: "raw",
							children: "raw logit"
						}),
						n.vs === null ? null : /* @__PURE__ */ j("option", {
							value: "vs",
							children: "minus the versus token"
						})
					]
				})] })
			]
		})]
	});
}
function ti() {
	let e = k();
	return e.data.host === "page" ? /* @__PURE__ */ j("button", {
		type: "button",
		onClick: async () => {
			try {
				await navigator.clipboard.writeText(location.href), e.said.value = "The link to this view is copied.";
			} catch {
				e.said.value = "The browser does not let a page copy here: take the link from its address bar.";
			}
		},
		children: "Copy link"
	}) : null;
}
function ni(e) {
	return or(e) ? `The server at ${location.origin} does not answer.` : e instanceof Error ? e.message : String(e);
}
function ri() {
	let e = k(), t = O(null), n = async () => {
		t.value = null;
		let n = await sr("/report", {
			state: e.state.value,
			results: e.desk.shown(e.state.value.a, e.state.value.b)
		}, e.data.token);
		n.ok ? br("unembed-report.html", await n.blob(), "text/html") : t.value = await cr(n);
	};
	return /* @__PURE__ */ j(b, { children: [/* @__PURE__ */ j("button", {
		type: "button",
		onClick: () => n().catch((e) => t.value = ni(e)),
		disabled: !e.explained.value,
		children: "Save report"
	}), t.value ? /* @__PURE__ */ j("p", {
		class: "error",
		role: "alert",
		children: t.value
	}) : null] });
}
// src/panels/Help.tsx
var ii = [
	["↑ ↓", "in the ledger: from row to row; in a grid: over the cells"],
	["→ ←", "in the ledger: open and close a row; in the tokens: from token to token"],
	["Enter", "choose what has the focus"],
	["t", "test the selected part: zero, then mean, then none"],
	["p", "pin the test of the selected part"],
	["/", "find a part by name"],
	["Escape", "select nothing; close this"],
	["?", "show the keys"]
];
function ai() {
	let e = k(), t = Ve(null), n = e.helpOpen.value;
	return ze(() => {
		n && !t.current?.open && t.current?.showModal(), n || t.current?.close();
	}, [n]), /* @__PURE__ */ j("dialog", {
		ref: t,
		"aria-labelledby": "unembed-keys",
		onClose: () => e.helpOpen.value = !1,
		children: [
			/* @__PURE__ */ j("h2", {
				id: "unembed-keys",
				children: "Keys"
			}),
			/* @__PURE__ */ j("table", { children: /* @__PURE__ */ j("tbody", { children: ii.map(([e, t]) => /* @__PURE__ */ j("tr", { children: [/* @__PURE__ */ j("th", {
				scope: "row",
				children: /* @__PURE__ */ j("kbd", { children: e })
			}), /* @__PURE__ */ j("td", { children: t })] }, e)) }) }),
			/* @__PURE__ */ j("p", {
				class: "controls",
				children: [/* @__PURE__ */ j("button", {
					type: "button",
					onClick: () => e.helpOpen.value = !1,
					children: "Close"
				}), /* @__PURE__ */ j("button", {
					type: "button",
					onClick: () => {
						e.helpOpen.value = !1, e.glossary.value = "ledger";
					},
					children: "Glossary"
				})]
			})
		]
	});
}
// src/panels/Lost.tsx
var [oi, si] = ["smollm2-135m", "8731"];
function ci() {
	let e = k();
	if (!e.desk.lost.value) return null;
	let [t, n] = [e.at.a.value, e.data.model?.name ?? oi], r = location.port && location.port !== si ? ` --port ${location.port}` : "";
	return /* @__PURE__ */ j("div", {
		class: "panel lost",
		role: "alert",
		children: [/* @__PURE__ */ j("p", { children: [
			/* @__PURE__ */ j("strong", { children: [
				"The server at ",
				location.origin,
				" does not answer."
			] }),
			" What is shown stays. Start it again with",
			" ",
			/* @__PURE__ */ j("code", { children: [
				"unembed open ",
				li(t),
				n === oi ? "" : ` --model ${li(n)}`,
				r
			] }),
			", and try again here. If it was only busy or out of reach, try again at once."
		] }), /* @__PURE__ */ j("button", {
			type: "button",
			onClick: () => e.desk.retry(),
			children: "Try again"
		})]
	});
}
function li(e) {
	return `'${e.replaceAll("'", "'\\''")}'`;
}
// src/panels/Start.tsx
var ui = [
	["A fact", "The capital of France is"],
	["Who did what", "When Mary and John went to the store, John gave a drink to"],
	["A pattern", "one two three four five six one two three four"]
];
function di() {
	let e = k(), t = e.beside();
	return /* @__PURE__ */ j("main", {
		class: "start",
		children: [
			/* @__PURE__ */ j("h2", { children: "Why did the model say that?" }),
			/* @__PURE__ */ j("p", { children: [
				"Type a ",
				t,
				" above and press Enter. You see what the model says next, which words it needs for that, and which of its parts carried it. What a word or part does is found by running the model again without it."
			] }),
			t === "prompt" && !e.data.model?.bidirectional && e.data.host !== "report" ? /* @__PURE__ */ j("ul", { children: ui.map(([t, n]) => /* @__PURE__ */ j("li", { children: /* @__PURE__ */ j("button", {
				type: "button",
				onClick: () => e.set({ a: n }),
				children: [
					/* @__PURE__ */ j("span", {
						class: "small",
						children: t
					}),
					" ",
					n
				]
			}) }, t)) }) : null
		]
	});
}
// src/ui/Status.tsx
function B(e) {
	let t = k(), n = e.answer;
	return !n || n.result ? null : n.error && t.data.host === "report" ? /* @__PURE__ */ j("p", {
		class: "note",
		children: n.error
	}) : n.error ? /* @__PURE__ */ j("p", {
		class: "error",
		role: "alert",
		children: n.error
	}) : t.desk.lost.value ? /* @__PURE__ */ j("p", {
		class: "note",
		children: "Waits for the server."
	}) : /* @__PURE__ */ j("p", {
		class: "progress",
		children: [
			/* @__PURE__ */ j("progress", {
				value: n.fraction,
				max: 1,
				"aria-label": n.stage
			}),
			" ",
			n.stage
		]
	});
}
// src/ui/Toast.tsx
var fi = 7e3;
function pi() {
	let e = k(), t = e.said.value;
	return ze(() => {
		let t = setTimeout(() => {
			e.said.value = "";
		}, fi);
		return () => clearTimeout(t);
	}, [t]), /* @__PURE__ */ j("p", {
		class: "toast",
		role: "status",
		children: t
	});
}
function mi(e, t) {
	let n = O(0), r = Ve(""), i = `${e} ${t}`;
	return r.current !== i && (r.current = i, (e < n.value || e >= n.value + 128) && (n.value = Math.max(0, e - 128 + 1))), n;
}
function hi(e, t, n) {
	return e >= t && e < t + 128 ? t : Math.min(Math.max(0, e - 64), Math.max(0, n - 128));
}
// src/lib/colours.ts
var gi = [
	[
		84,
		39,
		136
	],
	[
		128,
		115,
		172
	],
	[
		178,
		171,
		210
	],
	[
		247,
		247,
		247
	],
	[
		253,
		184,
		99
	],
	[
		224,
		130,
		20
	],
	[
		179,
		88,
		6
	]
], _i = [
	[
		203,
		196,
		235
	],
	[
		146,
		133,
		194
	],
	[
		88,
		72,
		130
	],
	[
		44,
		44,
		42
	],
	[
		128,
		76,
		20
	],
	[
		214,
		132,
		44
	],
	[
		254,
		206,
		148
	]
], vi = [
	[
		0,
		32,
		77
	],
	[
		49,
		68,
		107
	],
	[
		102,
		105,
		112
	],
	[
		149,
		143,
		120
	],
	[
		203,
		186,
		105
	],
	[
		255,
		234,
		70
	]
], yi = D(!1);
if (typeof matchMedia < "u") {
	let e = matchMedia("(prefers-color-scheme: dark)");
	yi.value = e.matches, e.addEventListener("change", () => {
		yi.value = e.matches;
	});
}
function bi(e, t) {
	let n = Math.min(Math.max(Number.isFinite(t) ? t : 0, 0), 1) * (e.length - 1), r = e[Math.floor(n)], i = e[Math.ceil(n)], a = n - Math.floor(n);
	return [
		0,
		1,
		2
	].map((e) => {
		let [t, n] = [r[e], i[e]];
		return Math.round(t + (n - t) * a);
	});
}
function xi(e, t, n = yi.value) {
	return wi(bi(n ? _i : gi, .5 + (t > 0 ? e / t : 0) / 2));
}
function Si(e) {
	return wi(bi(vi, e));
}
function Ci(e) {
	let [t = 0, n = 0, r = 0] = (e.match(/\d+/g) ?? []).map((e) => {
		let t = Number(e) / 255;
		return t <= .04045 ? t / 12.92 : ((t + .055) / 1.055) ** 2.4;
	});
	return .2126 * t + .7152 * n + .0722 * r > .179 ? "#000" : "#fff";
}
function wi([e, t, n]) {
	return `rgb(${e},${t},${n})`;
}
// src/lib/figure/svg.ts
var V = ki(85) - 8, H = ki(170) - 8, Ti = "#1b1b1a", U = "#55554f", Ei = "#c9c9c4", Di = "#b35806", Oi = "#542788", W = 6.5;
function ki(e) {
	return e * 72 / 25.4;
}
function Ai(e, t, n = "") {
	let r = Object.entries(t).filter(([, e]) => e !== void 0).map(([e, t]) => ` ${e}="${typeof t == "number" ? ji(t) : Pi(String(t))}"`).join("");
	return n === "" ? `<${e}${r}/>` : `<${e}${r}>${n}</${e}>`;
}
function ji(e) {
	return Number.isFinite(e) ? String(Math.round(e * 1e3) / 1e3 + 0) : "0";
}
var Mi = {
	"&": "&amp;",
	"<": "&lt;",
	">": "&gt;",
	"\"": "&quot;",
	"'": "&#39;"
}, Ni = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
function Pi(e) {
	return e.replace(Ni, "�").replace(/[&<>"']/g, (e) => Mi[e] ?? "");
}
function G(e, t, n, r = {}) {
	let { size: i = 8, fill: a = Ti, bold: o = !1, anchor: s = "start", turn: c = 0 } = r;
	return Ai("text", {
		x: e,
		y: t,
		"font-size": i,
		fill: a,
		"font-weight": o ? "bold" : void 0,
		"text-anchor": s === "start" ? void 0 : s,
		transform: c === 0 ? void 0 : `rotate(${c} ${ji(e)} ${ji(t)})`
	}, Fi(n));
}
function Fi(e) {
	return Ii.test(e) ? `\u2068${Pi(e)}\u2069` : Pi(e);
}
var Ii = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
function Li(e) {
	let t = /\p{L}/u.exec(e);
	return t !== null && Ii.test(t[0]);
}
function K(e, t, n, r, i = {}) {
	return Ai("rect", {
		x: e,
		y: t,
		width: Math.max(n, 0),
		height: Math.max(r, 0),
		...i
	});
}
function Ri(e, t, n, r, i = {}) {
	return Ai("line", {
		x1: e,
		y1: t,
		x2: n,
		y2: r,
		stroke: Ei,
		"stroke-width": .5,
		...i
	});
}
function zi(e, t, n) {
	return Ai("g", { transform: `translate(${ji(e)} ${ji(t)})` }, n);
}
function Bi(e, t, n, r, i) {
	let a = K(e, t, n, r, { fill: i ? Oi : Di });
	return i ? a + K(e, t, n, r, { fill: "url(#hatched)" }) : a;
}
var Vi = Ai("defs", {}, Ai("pattern", {
	id: "hatched",
	width: 3,
	height: 3,
	patternUnits: "userSpaceOnUse",
	patternTransform: "rotate(45)"
}, K(0, 0, 1.1, 3, { fill: "#fff" }))), Hi = [
	278,
	278,
	355,
	556,
	556,
	889,
	667,
	191,
	333,
	333,
	389,
	584,
	278,
	333,
	278,
	278,
	556,
	556,
	556,
	556,
	556,
	556,
	556,
	556,
	556,
	556,
	278,
	278,
	584,
	584,
	584,
	556,
	1015,
	667,
	667,
	722,
	722,
	667,
	611,
	778,
	722,
	278,
	500,
	667,
	556,
	833,
	722,
	778,
	667,
	778,
	722,
	667,
	611,
	722,
	667,
	944,
	667,
	667,
	611,
	278,
	278,
	278,
	469,
	556,
	333,
	556,
	556,
	500,
	556,
	556,
	278,
	556,
	556,
	222,
	222,
	500,
	222,
	833,
	556,
	556,
	556,
	556,
	333,
	500,
	278,
	556,
	500,
	722,
	500,
	500,
	500,
	334,
	260,
	334,
	584
], Ui = [
	[/\p{M}|[\u200b-\u200f\u2060-\u2069]/u, 0],
	[/[\u00b7\u2018\u2019]/, .3],
	[/[\u201c\u201d]/, .36],
	[/[\u2190-\u21ff\u2026]/, 1],
	[/[\u1100-\u11ff\u2e80-\ud7ff\uf900-\ufaff\uff00-\uff60\u{1f000}-\u{3ffff}]/u, 1.05]
], Wi = .62, Gi = 1.02;
function q(e, t = 8, n = !1) {
	return [...e].reduce((e, t) => e + Ki(t), 0) * t * Gi * (n ? 1.07 : 1);
}
function Ki(e) {
	let t = Hi[(e.codePointAt(0) ?? 0) - 32];
	return t === void 0 ? Ui.find(([t]) => t.test(e))?.[1] ?? Wi : t / 1e3;
}
function qi(e, t, n = 8) {
	if (q(e, n) <= t) return e;
	let r = [...e];
	for (; r.length > 1 && q(`${r.join("")}…`, n) > t;) r.pop();
	return `${r.join("")}…`;
}
function Ji(e, t, n = 8) {
	let r = [], i = "";
	for (let a of e.split(" ").flatMap((e) => Yi(e, t, n))) {
		let e = i === "" ? a : `${i} ${a}`;
		i !== "" && q(e, n) > t ? (r.push(i), i = a) : i = e;
	}
	return i === "" ? r : [...r, i];
}
function Yi(e, t, n) {
	let r = [""];
	for (let i of e) {
		let e = r.at(-1) + i;
		q(e, n) > t && r.at(-1) !== "" ? r.push(i) : r[r.length - 1] = e;
	}
	return r;
}
// src/lib/figure/figure.ts
var Xi = 8, Zi = 12, Qi = 160;
function J(e, t, n) {
	let r = 4, i = [...t, na(e, n)].map((e) => {
		let t = zi(4, r, e.body);
		return r += e.height + Xi, t;
	}), a = {
		width: e + 8,
		height: r - Xi + 4
	}, o = K(0, 0, a.width, a.height, { fill: "#fff" });
	return {
		svg: `<?xml version="1.0" encoding="UTF-8"?>\n${Ai("svg", {
			xmlns: "http://www.w3.org/2000/svg",
			width: `${$i(a.width)}mm`,
			height: `${$i(a.height)}mm`,
			viewBox: `0 0 ${ji(a.width)} ${ji(a.height)}`,
			"font-family": "Helvetica, Arial, sans-serif"
		}, [
			Ai("title", {}, Pi(n.shows)),
			Vi,
			o,
			...i
		].join("\n"))}\n`,
		...a
	};
}
function $i(e) {
	return ji(e * 25.4 / 72);
}
var ea = {
	size: 7,
	step: 8.6
}, ta = {
	size: 6,
	step: 7.6
};
function na(e, t) {
	let n = Ji(t.shows, e, ea.size), r = Ji(ra(t), e, ta.size), i = [...n.map((e, t) => G(0, ea.step * (t + .8), e, { size: ea.size })), ...r.map((e, t) => G(0, ea.step * n.length + 2 + ta.step * (t + .8), e, {
		size: ta.size,
		fill: U
	}))];
	return {
		height: ea.step * n.length + 2 + ta.step * r.length,
		body: i.join("\n")
	};
}
function ra({ made: e, asked: t, about: n }) {
	let { model: r, versions: i } = e, a = r.weights_sha256, o = [
		r.name,
		r.dtype,
		a ? `weights SHA-256 ${a.slice(0, Zi)}` : "weights of a module in memory",
		...r.edits?.length ? [`edited: ${r.edits.map(aa).join("; ")}`] : [],
		i.unembed ? `unembed ${i.unembed}` : "unembed"
	], s = [
		t.source ? `Source: “${oa(t.source)}”.` : "",
		`Prompt${t.beside === void 0 ? "" : " A"}: “${oa(t.prompt)}”.`,
		t.beside === void 0 ? "" : `Prompt B: “${oa(t.beside)}”.`
	];
	return [
		`${aa(o.join(", "))}.`,
		...s,
		n ?? ""
	].filter(Boolean).join(" ");
}
var ia = /* @__PURE__ */ new Set([
	"‌",
	"‍",
	"︎",
	"️"
]);
function aa(e) {
	return [...e].map((e) => e === " " || ia.has(e) ? e : L(e)).join("");
}
function oa(e) {
	let t = [...aa(e)], n = Math.floor(Qi / 2);
	return t.length <= Qi ? t.join("") : `${t.slice(0, n).join("")} … ${t.slice(-80).join("")}`;
}
// src/lib/figure/map.ts
var sa = 22, ca = 5.6;
function la(e, t) {
	let n = Array.from({ length: t.rows }, (e, n) => qi(t.rowName(n), 60, W)), r = 14 + Math.max(0, ...n.map((e) => q(e, W))), i = Math.min((e - r) / Math.max(t.columns, 1), 64), a = t.words !== void 0 && i >= sa, o = t.square ? Math.min(i, 26) : a ? 10 : Math.min(Math.max(i, 4), 9), s = t.square ? o : i, c = Array.from({ length: t.rows }, (e, n) => Array.from({ length: t.columns }, (e, i) => ua(t, i, n, [
		r + i * s,
		n * o,
		s,
		o
	], a)).join("")), l = t.rows * o, u = da(t, r, s, l), d = r + t.columns * s / 2, f = l + u.height + 9, p = ma(t.legend, Math.min(r + t.columns * s, e)), m = Math.ceil(8 / o), h = n.map((e, n) => (t.rows - 1 - n) % m == 0 ? G(r - 3, (n + .5) * o + 2.3, e, {
		size: W,
		anchor: "end"
	}) : ""), g = [
		...c,
		...h,
		u.body,
		G(6, l / 2, t.rowLabel, {
			size: W + .5,
			anchor: "middle",
			turn: -90
		}),
		G(d, f, t.columnLabel, {
			size: W + .5,
			anchor: "middle"
		}),
		`<g transform="translate(0 ${f + 6})">${p.body}</g>`
	];
	return {
		height: f + 6 + p.height,
		body: g.join("\n")
	};
}
function ua(e, t, n, r, i) {
	let a = e.colour(t, n);
	if (a === null) return "";
	let [o, s, c, l] = r, u = c > 8 ? .4 : 0, d = [c - u, l - u], f = [K(o, s, ...d, { fill: a })];
	if (e.negative?.(t, n) && f.push(K(o, s, ...d, {
		fill: "url(#hatched)",
		"fill-opacity": .6
	})), i && e.words) {
		let r = qi(e.words(t, n), c - 3, ca);
		f.push(G(o + d[0] / 2, s + l / 2 + 2, r, {
			size: ca,
			anchor: "middle",
			fill: Ci(a)
		}));
	}
	return f.join("");
}
function da(e, t, n, r) {
	let i = Array.from({ length: e.columns }, (t, n) => qi(e.columnName(n), 60, W)), a = Math.max(0, ...i.map((e) => q(e, W))), o = Math.ceil(7.5 / n), s = a < n - 2, c = i.map((e, i) => {
		if (i % o !== 0) return "";
		let a = t + (i + .5) * n;
		return s ? G(a, r + 8, e, {
			size: W,
			anchor: "middle"
		}) : G(a + 2, r + 6, e, {
			size: W,
			anchor: "end",
			turn: -45
		});
	});
	return {
		height: s ? 9 : 6 + a * .72,
		body: c.join("")
	};
}
var fa = 48, pa = 6;
function ma(e, t) {
	let n = q(e.label, W), r = Math.min(120, Math.max(60, t - n - 12)), i = Math.max(0, t - r), a = r / fa, o = Array.from({ length: fa }, (t, n) => K(i + n * a, 0, a + .3, pa, { fill: e.colour((n + .5) / fa) })), s = i > n + 4, c = [
		...o,
		K(i, 0, r, pa, {
			fill: "none",
			stroke: Ei,
			"stroke-width": .5
		}),
		G(i, 13.5, e.low, {
			size: W,
			fill: U
		}),
		e.middle ? G(i + r / 2, 13.5, e.middle, {
			size: W,
			fill: U,
			anchor: "middle"
		}) : "",
		G(i + r, 13.5, e.high, {
			size: W,
			fill: U,
			anchor: "end"
		}),
		s ? G(i - 5, 5.5, e.label, {
			size: W,
			anchor: "end",
			fill: Ti
		}) : G(i + r, 21.5, e.label, {
			size: W,
			anchor: "end",
			fill: Ti
		})
	];
	return {
		height: pa + (s ? 9 : 17),
		body: c.join("")
	};
}
// src/lib/figure/said.ts
function Y(e) {
	return L(e.trim() === "" ? e : e.trim());
}
function ha(e) {
	return e?.fragment ?? Y(e?.text ?? "");
}
function ga(e) {
	return `Target: “${Y(e.text)}” (${I(e.probability)}).`;
}
function _a(e, t) {
	let n = `“${Y(e.text)}”`;
	return t.kind === "versus" ? `the logit of ${n} minus that of “${Y(t.text ?? "")}”` : t.kind === "mean" ? `the logit of ${n} above the mean of the vocabulary` : `the raw logit of ${n}`;
}
function va(e) {
	return e === null ? "emb" : `L${e}`;
}
// src/lib/figure/maps.ts
var ya = {
	rank: "rank of the target",
	probability: "probability of the target",
	top: "probability of the top token"
};
function ba(e, t, n) {
	return t === "rank" ? 1 - Math.log(e.rank) / Math.log(n) : t === "probability" ? e.probability : e.top_probability[0] ?? 0;
}
function xa(e, t, n, r, i) {
	let { layers: a, positions: o, at: s } = Ta(wa(e.cells, r)), c = e.model.vocab, l = la(o.length > 6 ? H : V, {
		columns: o.length,
		rows: a.length,
		colour: (e, t) => {
			let r = s(e, t);
			return r ? Si(ba(r, n, c)) : null;
		},
		words: (e, t) => L(s(e, t)?.top[0]?.text ?? ""),
		columnName: (t) => z(e.tokens[o[t] ?? -1]),
		rowName: (e) => va(a[e] ?? null),
		columnLabel: "token",
		rowLabel: "layer",
		legend: Sa(n, c)
	});
	return J(o.length > 6 ? H : V, [l], {
		shows: `Logit lens: what the stream would predict after each layer at each token; each cell that has room holds its top token. Colour: ${ya[n]}, “${Y(t.text)}”.${Ca(r, e.tokens.length)}`,
		made: e,
		asked: i,
		about: ga(t)
	});
}
function Sa(e, t) {
	return {
		label: e === "rank" ? `${ya.rank} (log)` : ya[e],
		colour: Si,
		...e === "rank" ? {
			low: t.toLocaleString("en"),
			high: "1"
		} : {
			low: "0",
			high: "1"
		}
	};
}
function Ca({ start: e, size: t }, n) {
	return t >= n ? "" : ` Tokens ${e} to ${Math.min(e + t, n) - 1} of ${n}.`;
}
function wa(e, { start: t, size: n }) {
	return e.filter(({ position: e }) => (e ?? 0) >= t && (e ?? 0) < t + n);
}
function Ta(e) {
	let t = [...new Set(e.map((e) => e.layer))].sort((e, t) => (t ?? -1) - (e ?? -1)), n = [...new Set(e.map((e) => e.position ?? 0))].sort((e, t) => e - t), r = new Map(e.map((e) => [`${e.layer} ${e.position ?? 0}`, e]));
	return {
		layers: t,
		positions: n,
		at: (e, i) => r.get(`${t[i] ?? null} ${n[e]}`)
	};
}
function Ea(e, t) {
	return {
		head: [
			"layer",
			"position",
			"token",
			"top_token",
			"top_probability",
			"target",
			"rank",
			"probability",
			"kl_nats"
		],
		rows: wa(e.cells, t).map((t) => [
			va(t.layer),
			t.position,
			e.tokens[t.position]?.text ?? null,
			t.top[0]?.text ?? null,
			t.top_probability[0] ?? null,
			e.targets.find((e) => e.position === t.position)?.text ?? null,
			t.rank,
			t.probability,
			t.kl
		])
	};
}
function Da(e) {
	let [t] = e.heads;
	return t?.cross || t?.encoder ? (e.sources ?? []).map(({ position: e, label: t }) => ({
		position: e,
		text: t
	})) : e.tokens;
}
function Oa(e, t, n) {
	let [r] = e.heads, { matrix: i } = e, a = Da(e), o = r?.encoder || (e.model.bidirectional ?? !1), s = Math.min(t.size, a.length - t.start), c = (e) => z(a[t.start + e]), l = (e, n) => i?.[t.start + e]?.[t.start + n] ?? 0, u = la(V, {
		columns: s,
		rows: s,
		square: !0,
		colour: (e, t) => e > t && !o ? null : Si(l(t, e)),
		words: (e, t) => P(l(t, e)),
		columnName: c,
		rowName: c,
		columnLabel: "to (key)",
		rowLabel: "from (query)",
		legend: {
			label: "attention",
			colour: Si,
			low: "0",
			high: "1"
		}
	}), d = r ? N(M(r)) : "the head";
	return J(V, [u], {
		shows: `Attention pattern of ${d}: the share of its attention from each token (rows, each coming to 1) to each token (columns).${Ca(t, a.length)}`,
		made: e,
		asked: n,
		about: ga(e.target)
	});
}
function ka(e, t) {
	let [n] = e.heads, r = Da(e), i = n?.encoder || (e.model.bidirectional ?? !1), a = r.slice(t.start, t.start + t.size), o = n ? N(M(n)) : "";
	return {
		head: [
			"head",
			"from_position",
			"from_token",
			"to_position",
			"to_token",
			"attention",
			"norm_written"
		],
		rows: a.flatMap((t) => a.filter((e) => i || e.position <= t.position).map((n) => {
			let r = e.matrix?.[t.position]?.[n.position] ?? null, i = e.norms?.[n.position] ?? null, a = r === null || i === null ? null : r * i;
			return [
				o,
				t.position,
				t.text,
				n.position,
				n.text,
				r,
				a
			];
		}))
	};
}
function Aa(e, t) {
	return {
		head: [
			"head",
			"position",
			"token",
			"attention",
			"gives_logits"
		],
		rows: e.heads.flatMap((n) => Da(e).slice(t.start, t.start + t.size).filter(({ position: e }) => e < n.pattern.length).map(({ position: e, text: t }) => [
			N(M(n)),
			e,
			t,
			n.pattern[e] ?? null,
			n.contribution[e] ?? null
		]))
	};
}
function ja(e, t, n) {
	let r = Da(e).slice(t.start, t.start + t.size), { heads: i } = e, a = r.length > 12 ? H : V, o = {
		columns: r.length,
		rows: i.length
	}, s = {
		columnName: (e) => z(r[e]),
		rowName: (e) => i[e] ? N(M(i[e])) : "",
		columnLabel: "to (key)",
		rowLabel: "head"
	}, c = (e, t, n) => i[n]?.[e][r[t]?.position ?? -1], l = Math.max(0, ...i.flatMap((e) => e.contribution.map(Math.abs)));
	return J(a, [la(a, {
		...o,
		...s,
		colour: (e, t) => {
			let n = c("pattern", e, t);
			return n === void 0 ? null : Si(n);
		},
		words: (e, t) => P(c("pattern", e, t) ?? 0),
		legend: {
			label: "attention",
			colour: Si,
			low: "0",
			high: "1"
		}
	}), la(a, {
		...o,
		...s,
		colour: (e, t) => {
			let n = c("contribution", e, t);
			return n === void 0 ? null : xi(n, l, !1);
		},
		negative: (e, t) => (c("contribution", e, t) ?? 0) < -l / 20,
		words: (e, t) => F(c("contribution", e, t) ?? 0),
		legend: Ma("gives through the head, logits", l)
	})], {
		shows: `Heads of layer ${i[0]?.layer ?? ""} from position ${e.position}: their attention to each token (above), and what each token gives “${Y(e.target.text)}” through them (below; hatched: lowers it).${Ca(t, Da(e).length)}`,
		made: e,
		asked: n,
		about: ga(e.target)
	});
}
function Ma(e, t) {
	return {
		label: e,
		colour: (e) => xi(2 * e - 1, 1, !1),
		low: F(-t),
		middle: "0",
		high: F(t)
	};
}
var Na = {
	resid_pre: "the stream before each block",
	attention: "what each attention writes",
	mlp: "what each MLP writes"
};
function Pa(e, t, n) {
	let r = [...new Set(e.grid.map((e) => e.position ?? 0))].sort((e, t) => e - t), i = r.slice(t.start, t.start + t.size), { layers: a, at: o } = Ta(e.grid), s = t.start, c = (e, t) => o(s + e, t), l = Math.max(1, ...e.grid.map((e) => Math.abs(e.effect ?? 0))), u = i.length > 12 ? H : V, d = la(u, {
		columns: i.length,
		rows: a.length,
		colour: (e, t) => {
			let n = c(e, t)?.effect;
			return n == null ? null : xi(n, l, !1);
		},
		negative: (e, t) => (c(e, t)?.effect ?? 0) < -.05 * l,
		words: (e, t) => F(c(e, t)?.effect ?? 0),
		columnName: (t) => z(e.clean_tokens[i[t] ?? -1]),
		rowName: (e) => va(a[e] ?? null),
		columnLabel: "token of A",
		rowLabel: "layer",
		legend: Ma("effect (0: as B; 1: as A)", l)
	}), f = Y((e.target ?? []).map((e) => e.text).join("")), p = e.versus ? ` over “${Y(e.versus.text)}”` : "";
	return J(u, [d], {
		shows: `Activation patching: prompt B run with one value of prompt A at a time, ${Na[e.site] ?? e.site}. ${Fa(e.metric.replace("-", " "))} of “${f}”${p}: ${P(e.clean)} in A, ${P(e.corrupt)} in B.${Ca(t, r.length)}`,
		made: e,
		asked: n
	});
}
function Fa(e) {
	return e.charAt(0).toUpperCase() + e.slice(1);
}
function Ia(e) {
	return {
		head: [
			"site",
			"layer",
			"position",
			"token",
			e.metric.replaceAll("-", "_"),
			"effect"
		],
		rows: e.grid.map((t) => [
			e.site,
			t.layer,
			t.position,
			t.position === null ? null : e.clean_tokens[t.position]?.text ?? null,
			t.value,
			t.effect
		])
	};
}
// src/lib/figure/table.ts
function La({ head: e, rows: t }) {
	return [e, ...t].map((e) => `${e.map(Ra).join(",")}\r\n`).join("");
}
function Ra(e) {
	let t = e == null ? "" : String(e);
	return /[",\r\n]/.test(t) || t !== t.trim() ? `"${t.replaceAll("\"", "\"\"")}"` : t;
}
// src/ui/Exports.tsx
function X(e) {
	let t = k(), n = Ve(null);
	ze(() => Va(n.current), []);
	let { prompt: r, source: i } = t.followed() ?? {}, a = {
		prompt: String(r ?? ""),
		...i ? { source: String(i) } : {},
		...e.beside === void 0 ? {} : { beside: e.beside }
	}, o = [
		[
			"svg",
			"image/svg+xml",
			() => e.figure(a).svg
		],
		[
			"png",
			"image/png",
			() => xr(e.figure(a))
		],
		[
			"csv",
			"text/csv;charset=utf-8",
			() => La(e.table())
		],
		[
			"json",
			"application/json",
			() => `${JSON.stringify(e.data, null, 1)}\n`
		]
	], s = (t.explained.value?.model ?? t.data.model)?.name ?? "model", c = async (r, i, a) => {
		let o = `unembed-${e.name}-${Ba(s)}.${r}`;
		try {
			br(o, await a(), i), t.said.value = `Kept as ${o}.`;
		} catch {
			t.said.value = `The browser could not make ${o}.`;
		}
		n.current && (n.current.open = !1), n.current?.querySelector("summary")?.focus();
	};
	return /* @__PURE__ */ j("details", {
		class: "exports",
		ref: n,
		children: [/* @__PURE__ */ j("summary", {
			title: "Keep this as a figure for a paper, a table or data",
			children: ["Export", /* @__PURE__ */ j("span", {
				class: "hidden",
				children: [" ", e.name]
			})]
		}), /* @__PURE__ */ j("ul", { children: o.map(([e, t, n]) => /* @__PURE__ */ j("li", { children: /* @__PURE__ */ j("button", {
			type: "button",
			onClick: () => c(e, t, n),
			children: [
				e.toUpperCase(),
				" ",
				/* @__PURE__ */ j("span", {
					class: "small",
					children: za[e]
				})
			]
		}) }, e)) })]
	});
}
var za = {
	svg: "figure, text stays text",
	png: "figure, 300 dpi",
	csv: "table",
	json: "data"
};
function Ba(e) {
	return (e.toLowerCase().split(/[\\/]/).filter(Boolean).at(-1) ?? "model").replace(/[^a-z0-9.]+/g, "-").replace(/^[-.]+|[-.]+$/g, "") || "model";
}
function Va(e) {
	if (!e) return () => {};
	let t = e.getRootNode(), n = (t) => {
		e.open && !t.composedPath().includes(e) && (e.open = !1);
	}, r = (t) => {
		t.key === "Escape" && e.open && (e.open = !1, e.querySelector("summary")?.focus(), t.stopPropagation());
	}, i = (t) => {
		t.relatedTarget instanceof Node && !e.contains(t.relatedTarget) && (e.open = !1);
	};
	return t.addEventListener("pointerdown", n), e.addEventListener("keydown", r), e.addEventListener("focusout", i), () => {
		t.removeEventListener("pointerdown", n), e.removeEventListener("keydown", r), e.removeEventListener("focusout", i);
	};
}
// src/hooks/useRedraw.ts
function Ha(e) {
	ze(() => {
		e();
		let t = matchMedia("(prefers-color-scheme: dark)");
		return t.addEventListener("change", e), addEventListener("resize", e), () => {
			t.removeEventListener("change", e), removeEventListener("resize", e);
		};
	});
}
// src/ui/Grid.tsx
var Ua = "system-ui, sans-serif", [Wa, Ga, Ka] = [
	11,
	46,
	120
];
function qa(e) {
	let t = Ve(null), n = O(null), r = Ve({
		width: 1,
		height: 1,
		left: 0
	}), { columns: i, rows: a } = e;
	Ha(() => {
		let o = t.current, s = o?.parentElement?.clientWidth ?? 0, c = o?.getContext("2d");
		if (!o || !c || s === 0) return;
		let l = Ya(c, e, s);
		r.current = l;
		let [u, d] = [l.left + l.width * i, l.height * a + to(c, e, l)], f = devicePixelRatio || 1;
		o.width = u * f, o.height = d * f, o.style.width = `${u}px`, o.style.height = `${d}px`, c.scale(f, f), Xa(c, e, l), $a(c, e, l, getComputedStyle(o).color), n.value && Qa(c, n.value, l, getComputedStyle(o).getPropertyValue("--accent"), 3);
	});
	let o = (e) => {
		let n = t.current?.getBoundingClientRect();
		if (!n) return null;
		let o = Math.floor((e.clientX - n.left - r.current.left) / r.current.width), s = Math.floor((e.clientY - n.top) / r.current.height);
		return o >= 0 && o < i && s >= 0 && s < a ? [o, s] : null;
	}, s = (t) => {
		let r = {
			ArrowLeft: [-1, 0],
			ArrowRight: [1, 0],
			ArrowUp: [0, -1],
			ArrowDown: [0, 1]
		}[t.key], o = n.value ?? [i - 1, 0];
		if (r) {
			let [e = 0, t = 0] = r;
			n.value = [Ja(o[0] + e, i), Ja(o[1] + t, a)];
		} else if ((t.key === "Enter" || t.key === " ") && e.onChoose) e.onChoose(...o);
		else return;
		t.preventDefault();
	}, c = n.value ?? e.rest, l = c && c[0] < i && c[1] < a ? e.tell(...c) : null;
	return /* @__PURE__ */ j(b, { children: [/* @__PURE__ */ j("div", {
		class: "grid",
		children: /* @__PURE__ */ j("canvas", {
			ref: t,
			tabIndex: 0,
			role: "application",
			"aria-label": `${e.label}. Arrow keys move${e.onChoose ? ", Enter chooses" : ""}; a table follows.`,
			onMouseMove: (e) => n.value = o(e),
			onMouseLeave: () => n.value = null,
			onClick: (t) => {
				let n = o(t);
				n && e.onChoose?.(...n);
			},
			onKeyDown: s
		})
	}), /* @__PURE__ */ j("p", {
		class: "told",
		"aria-live": "polite",
		children: l || "Point at a cell, or move over the cells with the arrow keys."
	})] });
}
function Ja(e, t) {
	return Math.min(Math.max(e, 0), t - 1);
}
function Ya(e, t, n) {
	let { columns: r, rows: i } = t;
	e.font = `${Wa}px ${Ua}`;
	let a = Array.from({ length: i }, (n, r) => e.measureText(no(t.rowName(r))).width), o = Math.ceil(Math.max(24, ...a)) + 8, [s, c] = t.text ? [Ga, Ka] : [7, 64], l = t.text ? 15 : 9;
	return {
		left: o,
		width: Math.min(Math.max((n - o) / Math.max(r, 1), s), c),
		height: t.height ?? Math.min(Math.max(320 / Math.max(i, 1), l), 22)
	};
}
function Xa(e, t, n) {
	for (let r = 0; r < t.rows; r += 1) for (let i = 0; i < t.columns; i += 1) {
		let a = t.colour(i, r);
		if (a === null) continue;
		e.fillStyle = a;
		let o = +(n.width > 10);
		e.fillRect(n.left + i * n.width, r * n.height, n.width - o, n.height - o), t.text && Za(e, t.text(i, r), [i, r], n, Ci(a)), t.marked?.(i, r) && Qa(e, [i, r], n, "#e8710a", 2);
	}
}
function Za(e, t, [n, r], i, a) {
	e.font = `${Math.min(Wa, i.height - 4)}px ${Ua}`, e.fillStyle = a, e.textBaseline = "middle", e.textAlign = "center";
	let o = [...t], s = t;
	for (; o.length > 1 && e.measureText(s).width > i.width - 4;) o.pop(), s = `${o.join("")}…`;
	e.fillText(s, i.left + (n + .5) * i.width, (r + .5) * i.height);
}
function Qa(e, [t, n], r, i, a) {
	e.strokeStyle = i || "#e8710a", e.lineWidth = a, e.strokeRect(r.left + t * r.width + 1, n * r.height + 1, r.width - 2, r.height - 2);
}
function $a(e, t, n, r) {
	e.fillStyle = r, e.font = `${Wa}px ${Ua}`, e.textBaseline = "middle", e.textAlign = "right";
	let i = Math.ceil(12 / n.height);
	for (let r = t.rows - 1; r >= 0; r -= i) e.fillText(no(t.rowName(r)), n.left - 4, (r + .5) * n.height);
	let a = eo(e, t, n), o = a ? 1 : Math.ceil(13 / n.width);
	for (let r = 0; r < t.columns; r += o) e.save(), e.translate(n.left + (r + .5) * n.width, t.rows * n.height + 4), a ? e.textAlign = "center" : e.rotate(-Math.PI / 4), e.fillText(no(t.columnName(r)), 0, a ? 8 : 4), e.restore();
}
function eo(e, t, n) {
	return Array.from({ length: t.columns }, (e, n) => no(t.columnName(n))).every((t) => e.measureText(t).width <= n.width - 4);
}
function to(e, t, n) {
	if (eo(e, t, n)) return 22;
	let r = Array.from({ length: t.columns }, (e, n) => no(t.columnName(n)).length);
	return 18 + 5 * Math.max(0, ...r);
}
function no(e) {
	let t = [...e];
	return t.length > 11 ? `${t.slice(0, 10).join("")}…` : e;
}
// src/ui/Legend.tsx
var ro = 9;
function io(e) {
	let t = e.kind === "sign" ? (e) => xi(2 * e - 1, 1) : Si, n = Array.from({ length: ro }, (e, n) => t(n / 8));
	return /* @__PURE__ */ j("p", {
		class: "legend",
		children: [
			/* @__PURE__ */ j("span", { children: e.low }),
			/* @__PURE__ */ j("span", {
				class: "ramp",
				"aria-hidden": "true",
				style: { background: `linear-gradient(to right, ${n.join(", ")})` }
			}),
			/* @__PURE__ */ j("span", {
				class: "hidden",
				children: "to"
			}),
			/* @__PURE__ */ j("span", { children: e.high }),
			e.middle ? /* @__PURE__ */ j("span", {
				class: "small",
				children: [
					"(middle: ",
					e.middle,
					")"
				]
			}) : null
		]
	});
}
// src/ui/Panel.tsx
function Z(e) {
	let t = We();
	return /* @__PURE__ */ j("section", {
		class: `panel panel-${e.name}`,
		"aria-labelledby": t,
		children: [
			/* @__PURE__ */ j("h2", {
				id: t,
				children: e.title
			}),
			e.note ? /* @__PURE__ */ j("p", {
				class: "note",
				children: e.note
			}) : null,
			e.children
		]
	});
}
// src/ui/PartButton.tsx
function ao(e) {
	let t = k(), n = fn(e.part, t.at.selection.value);
	return /* @__PURE__ */ j("button", {
		type: "button",
		class: "part",
		"aria-pressed": n,
		onClick: () => t.select(n ? null : e.part),
		onMouseEnter: () => t.hovered.value = e.part,
		onMouseLeave: () => t.hovered.value = null,
		onFocus: () => t.hovered.value = e.part,
		onBlur: () => t.hovered.value = null,
		children: N(e.part)
	});
}
// src/ui/Table.tsx
function oo(e) {
	return /* @__PURE__ */ j("section", {
		class: "scroll",
		tabIndex: 0,
		"aria-label": e.label,
		children: e.children
	});
}
function so(e) {
	let t = k(), n = co();
	return /* @__PURE__ */ j("details", {
		class: "twin",
		ref: n.ref,
		onToggle: n.toggle,
		children: [/* @__PURE__ */ j("summary", { children: ["Table: ", e.label] }), n.open || t.data.host === "report" ? /* @__PURE__ */ j(oo, {
			label: `Table: ${e.label}`,
			children: /* @__PURE__ */ j("table", { children: [/* @__PURE__ */ j("thead", { children: /* @__PURE__ */ j("tr", { children: e.head.map((e, t) => /* @__PURE__ */ j("th", {
				scope: "col",
				children: e
			}, t)) }) }), /* @__PURE__ */ j("tbody", { children: e.rows().map((e, t) => /* @__PURE__ */ j("tr", { children: e.map((e, t) => /* @__PURE__ */ j("td", { children: e }, t)) }, t)) })] })
		}) : null]
	});
}
function co() {
	let e = O(!1), t = Ve(null);
	return {
		ref: t,
		get open() {
			return e.value;
		},
		toggle: () => {
			e.value = t.current?.open ?? !1;
		}
	};
}
// src/ui/Term.tsx
function Q(e) {
	let t = k();
	return /* @__PURE__ */ j("button", {
		type: "button",
		class: "term",
		title: ln(e.name)?.meaning,
		onClick: (n) => {
			n.stopPropagation(), t.glossary.value = e.name;
		},
		children: e.children ?? e.name
	});
}
// src/ui/Window.tsx
function lo(e) {
	let { start: t, length: n, what: r } = e;
	if (n <= 128) return t.value !== 0 && (t.value = 0), null;
	let i = Math.max(0, n - 128), a = (e) => {
		t.value = Math.min(Math.max(e, 0), i);
	};
	return /* @__PURE__ */ j("p", {
		class: "window",
		children: [
			/* @__PURE__ */ j("button", {
				type: "button",
				disabled: t.value === 0,
				onClick: () => a(t.value - 128),
				children: ["Earlier ", r]
			}),
			" ",
			t.value,
			"–",
			Math.min(t.value + 128, n) - 1,
			" of ",
			n,
			" ",
			/* @__PURE__ */ j("button", {
				type: "button",
				disabled: t.value >= i,
				onClick: () => a(t.value + 128),
				children: ["Later ", r]
			})
		]
	});
}
// src/panels/Attention.tsx
function uo() {
	let e = k(), t = e.explained.value, n = e.followed(), r = e.at.selection.value, { strongest: i, settled: a } = fo(t), o = r && mn(r) !== "mlp" ? r : null, s = o !== null && hn(o), c = o !== null && gn(o), l = (c ? t?.sources?.length : t?.tokens.length) ?? 0, u = mi(c ? 0 : t?.position ?? 0, l), d = o?.layer ?? i?.layer ?? 0, f = o ? o.head : i?.head, p = o !== null || a, m = n && p ? {
		ask: "attention",
		...n,
		layer: d,
		...o ? _n(o) : {}
	} : null, h = Wt(m, !p), g = Wt(m && f !== void 0 && !s ? {
		...m,
		head: f
	} : null, !p);
	if (!t) return null;
	let _ = {
		start: u.value,
		size: 128
	};
	return /* @__PURE__ */ j(Z, {
		name: "attention",
		title: `${s ? "Cross-attention" : o?.encoder ? "Attention of the encoder" : "Attention"}: layer ${d}`,
		note: /* @__PURE__ */ j(b, { children: [
			o ? po(o, t.position) : "Of the strongest head; select another to see its layer.",
			" Each head: its attention to the tokens (above), and what they give the target through it (below). A first token that is bright and gives little is an ",
			/* @__PURE__ */ j(Q, { name: "attention sink" }),
			"."
		] }),
		children: [
			/* @__PURE__ */ j(lo, {
				start: u,
				length: l,
				what: "tokens"
			}),
			/* @__PURE__ */ j(B, { answer: h.answer }),
			h.result && !h.stale ? /* @__PURE__ */ j(X, {
				name: `heads-L${d}`,
				figure: (e) => ja(h.result, _, e),
				table: () => Aa(h.result, _),
				data: h.result
			}) : null,
			h.result ? /* @__PURE__ */ j("div", {
				class: h.stale ? "stale" : "",
				children: [
					/* @__PURE__ */ j(vo, {
						payload: h.result,
						start: u.value
					}),
					/* @__PURE__ */ j(io, {
						kind: "amount",
						low: "attention 0",
						high: "1"
					}),
					/* @__PURE__ */ j(io, {
						kind: "sign",
						..._o(go(h.result))
					}),
					/* @__PURE__ */ j(so, {
						label: "attention and contribution by head and token",
						head: [
							"head",
							"source",
							"attention",
							"gives (logits)"
						],
						rows: () => mo(h.result, u.value)
					})
				]
			}) : null,
			f === void 0 || s ? null : /* @__PURE__ */ j(B, { answer: g.answer }),
			g.result?.matrix === null ? /* @__PURE__ */ j("p", {
				class: "note",
				children: "The whole pattern of a head is not kept for a prompt of this length."
			}) : null,
			g.result?.matrix ? /* @__PURE__ */ j("div", {
				class: `has-exports${g.stale ? " stale" : ""}`,
				children: [/* @__PURE__ */ j(X, {
					name: `attention-${o ? N(o) : `L${d}.H${f}`}`,
					figure: (e) => Oa(g.result, _, e),
					table: () => ka(g.result, _),
					data: g.result
				}), /* @__PURE__ */ j(So, {
					payload: g.result,
					matrix: g.result.matrix,
					start: u.value
				})]
			}) : null
		]
	});
}
function fo(e) {
	let t = Zt(), n = ($t() ?? e)?.heads.find((e) => !e.cross), r = n !== void 0 || !!(t?.result ?? t?.error), i = Ve(n);
	return r && (i.current = n), {
		strongest: i.current,
		settled: r
	};
}
function po(e, t) {
	return e.encoder ? "The mean over all positions of the source." : `From position ${t}.`;
}
function mo(e, t) {
	return e.heads.flatMap((n) => ho(n, e).slice(t, t + 128).map((e) => [
		N(M(n)),
		`${e.position} ${z(e)}`,
		P(n.pattern[e.position] ?? 0, 3),
		F(n.contribution[e.position] ?? 0, 3)
	]));
}
function ho(e, t) {
	return e.cross || e.encoder ? (t.sources ?? []).map(({ position: e, label: t }) => ({
		position: e,
		text: t
	})) : t.tokens.slice(0, e.pattern.length);
}
function go({ heads: e }) {
	return Math.max(0, ...e.flatMap((e) => e.contribution.map(Math.abs)));
}
function _o(e) {
	return {
		low: `gives ${F(-e)}`,
		high: `${F(e)} logits to the target`,
		middle: "none"
	};
}
function vo({ payload: e, start: t }) {
	let { heads: n } = e, r = go(e);
	return /* @__PURE__ */ j("ul", {
		class: "multiples",
		children: n.map((n) => /* @__PURE__ */ j("li", { children: [
			/* @__PURE__ */ j(ao, { part: M(n) }),
			" ",
			F(n.value),
			/* @__PURE__ */ j(yo, {
				head: n,
				tokens: ho(n, e),
				start: t,
				largest: r
			})
		] }, n.head))
	});
}
function yo(e) {
	let t = e.tokens.slice(e.start, e.start + 128), n = 100 / Math.max(t.length, 1);
	return /* @__PURE__ */ j(b, { children: [/* @__PURE__ */ j("svg", {
		class: "strips",
		viewBox: "0 0 100 20",
		preserveAspectRatio: "none",
		"aria-hidden": "true",
		children: t.map((t, r) => {
			let i = e.head.pattern[t.position] ?? 0, a = e.head.contribution[t.position] ?? 0;
			return /* @__PURE__ */ j("g", { children: [
				/* @__PURE__ */ j("rect", {
					x: r * n,
					y: 0,
					width: n * .94,
					height: 9,
					fill: Si(i)
				}),
				/* @__PURE__ */ j("rect", {
					x: r * n,
					y: 10,
					width: n * .94,
					height: 9,
					fill: xi(a, e.largest)
				}),
				/* @__PURE__ */ j("title", { children: `${t.position} ${z(t)}: attention ${P(i)}, gives ${F(a)}` })
			] }, t.position);
		})
	}), t.length <= bo ? /* @__PURE__ */ j("span", {
		class: "strip-names",
		"aria-hidden": "true",
		style: { gridTemplateColumns: `repeat(${t.length}, minmax(0, 1fr))` },
		children: t.map((e) => /* @__PURE__ */ j("bdi", {
			title: `${e.position} ${z(e)}`,
			children: z(e)
		}, e.position))
	}) : null] });
}
var bo = 12, xo = {
	attention: "pattern",
	written: "value-weighted, at every position",
	target: "value-weighted, for the target"
};
function So(e) {
	let { payload: t, matrix: n, start: r } = e, [i] = t.heads, a = O("attention"), o = i?.encoder || (t.model.bidirectional ?? !1), s = i?.encoder ? ho(i, t) : t.tokens, c = Math.min(128, s.length - r), l = i ? N(M(i)) : "", u = (e) => z(s[r + e]), d = (e, t) => n[r + e]?.[r + t] ?? 0, f = (e, n) => d(e, n) * (t.norms?.[r + n] ?? 0);
	return /* @__PURE__ */ j(b, { children: [
		/* @__PURE__ */ j("h3", { children: l }),
		/* @__PURE__ */ j("p", {
			class: "controls",
			children: Object.entries(xo).map(([e, n]) => /* @__PURE__ */ j("button", {
				type: "button",
				"aria-pressed": a.value === e,
				disabled: e === "written" && !t.norms,
				onClick: () => a.value = e,
				children: n
			}, e))
		}),
		a.value === "target" ? /* @__PURE__ */ j(wo, {
			text: u,
			given: i?.contribution ?? [],
			name: l,
			start: r,
			size: c
		}) : /* @__PURE__ */ j(Co, {
			label: a.value === "attention" ? `Attention pattern of ${l}, query by key` : `Norm of what ${l} writes, query by key`,
			size: c,
			start: r,
			text: u,
			value: a.value === "attention" ? d : f,
			whole: o,
			largest: a.value === "attention" ? 1 : void 0,
			unit: a.value === "attention" ? "attention; rows look at columns" : "norm of what is written"
		}),
		/* @__PURE__ */ j(so, {
			label: `pattern of ${l}`,
			head: [
				"from",
				"to",
				"attention",
				"norm of what is written"
			],
			rows: () => Array.from({ length: c }, (e, n) => Array.from({ length: o ? c : n + 1 }, (e, i) => [
				`${r + n} ${u(n)}`,
				`${r + i} ${u(i)}`,
				P(d(n, i), 3),
				t.norms ? P(f(n, i), 3) : ""
			])).flat()
		})
	] });
}
function Co(e) {
	let { size: t, start: n, text: r, value: i } = e, a = Array.from({ length: t }, (e, t) => t), o = e.largest ?? Math.max(1e-9, ...a.flatMap((e) => a.map((t) => i(e, t))));
	return /* @__PURE__ */ j(b, { children: [/* @__PURE__ */ j(qa, {
		label: e.label,
		columns: t,
		rows: t,
		height: t <= bo ? 18 : 12,
		...t <= bo ? { text: (t, n) => t > n && !e.whole ? "" : P(i(n, t)) } : {},
		colour: (t, n) => t > n && !e.whole ? null : Si(i(n, t) / o),
		tell: (e, t) => `from ${n + t} ${r(t)} to ${n + e} ${r(e)}: ${P(i(t, e), 3)}`,
		rowName: (e) => `${n + e} ${r(e)}`,
		columnName: r
	}), /* @__PURE__ */ j(io, {
		kind: "amount",
		low: "0",
		high: `${P(o)} ${e.unit}`
	})] });
}
function wo(e) {
	let { text: t, given: n, name: r, start: i } = e, a = Math.max(0, ...n.map(Math.abs));
	return /* @__PURE__ */ j(b, { children: [/* @__PURE__ */ j(qa, {
		label: `What each token gives through ${r}`,
		columns: e.size,
		rows: 1,
		height: 26,
		colour: (e) => xi(n[i + e] ?? 0, a),
		tell: (e) => `${t(e)} gives ${F(n[i + e] ?? 0, 3)} logits through ${r}`,
		rowName: () => r,
		columnName: t
	}), /* @__PURE__ */ j(io, {
		kind: "sign",
		..._o(a)
	})] });
}
// src/lib/carried.ts
function To(e) {
	return "effect" in e;
}
var Eo = .25, Do = .1;
function Oo(e, t) {
	let n = [...e].sort((e, t) => t.credit - e.credit)[0], r = e.slice(0, t);
	return !n || r.includes(n) ? r : [...r.slice(0, -1), n];
}
function ko(e) {
	return jo(e).flatMap(([e, t]) => Mo(e, t)).sort((e, t) => Math.abs(t.effect.nats) - Math.abs(e.effect.nats));
}
function Ao(e) {
	return jo(e).map(([e]) => e).sort((e, t) => Math.abs(t.credit) - Math.abs(e.credit));
}
function jo({ heads: e, neurons: t }) {
	return [...e.map((e) => [{
		part: M(e),
		credit: e.value,
		does: No(e)
	}, e]), ...t.map((e) => [{
		part: dn(e),
		credit: e.value,
		does: Po(e)
	}, e])];
}
function Mo(e, { zeroed: t, through: n = [] }) {
	if (!t) return [];
	let r = t.difference ?? t.effect, i = [e.does, Fo(r, e.credit, n)].filter(Boolean).join("; "), a = {
		...Lo(r, e.part),
		does: i
	};
	return [{
		...e,
		effect: r,
		probability: t.probability,
		difference: t.difference !== null,
		says: a,
		through: n
	}];
}
function No(e) {
	let [t] = e.looks_at;
	return !t || t.attention < Eo ? "" : `looks at ${z(t)}`;
}
function Po(e) {
	let [t] = e.promotes;
	return t ? `writes toward ${L(t.text)}` : "";
}
function Fo({ nats: e, verdict: t, size: n }, r, i) {
	if (n === "none" || t === "ordinary") return r > 1 ? "adds much, decides little" : "";
	if (Math.abs(r) >= Do * Math.abs(e)) return "";
	let a = i.map((e) => `${e.part} (${Io(e.share)})`);
	return a.length === 0 ? "adds little itself" : `adds little itself: acts through ${a.join(" and ")}`;
}
function Io(e) {
	return `${P(100 * e, 0)}%`;
}
function Lo({ verdict: e, size: t, rank: n, among: r, nats: i }, { kind: a }) {
	let o = `${r} ${a === "neuron" ? "neurons" : "heads"}`, s = i < 0;
	return t === "none" ? {
		tag: "hardly matters",
		kind: "ordinary"
	} : e === "ordinary" ? {
		tag: `like other ${a === "neuron" ? "neurons" : "heads"}`,
		kind: "ordinary"
	} : {
		tag: `${Ro(n)} of ${o}`,
		kind: s ? "carries" : "holds back"
	};
}
function Ro(e) {
	return `${e}${[
		11,
		12,
		13
	].includes(e % 100) ? "th" : {
		1: "st",
		2: "nd",
		3: "rd"
	}[e % 10] ?? "th"}`;
}
// src/lib/figure/bars.ts
var zo = 12, Bo = 7.5, Vo = 7;
function Ho(e, t) {
	let { rows: n, axis: r, notes: i = [] } = t, a = t.names ?? Math.min(Math.max(30, ...n.map((e) => q(e.name))) + 8, e * .36), o = 4 + Math.max(...n.map((e) => q(e.number, Vo)), 10), s = i.reduce((e, t) => e + t.width, 0), c = a + (r.low < 0 ? o : 2), l = e - s - o, u = (e) => c + (e - r.low) / Math.max(r.high - r.low, 1e-12) * (l - c), d = t.mark !== void 0 || i.some((e) => e.head) || t.head !== void 0 ? 13 : 2, f = d + n.length * zo, p = i.map((e, t) => l + o + i.slice(0, t).reduce((e, t) => e + t.width, 6)), m = [
		...t.head ? [G(0, 8, t.head, {
			size: W,
			fill: U
		})] : [],
		...i.map((e, t) => G(p[t] ?? 0, 8, e.head, {
			size: W,
			fill: U
		})),
		...qo(r).map((e) => Ri(u(e), d, u(e), f, { stroke: e === 0 ? Ti : Ei })),
		...n.map((n, r) => Uo(n, d + r * zo, {
			x: u,
			names: a,
			width: e,
			chart: t,
			starts: p
		})),
		...t.mark ? Go(u(t.mark.value), d, f, t.mark.label, [c, l]) : [],
		...Ko(r, u, f),
		G((c + l) / 2, f + 19, r.label, {
			size: W + .5,
			anchor: "middle"
		})
	];
	return {
		height: f + 22,
		body: m.join("\n")
	};
}
function Uo(e, t, { x: n, names: r, width: i, chart: a, starts: o }) {
	let [s, c] = [n(0), n(e.value)], [l, u] = [Math.min(s, c), Math.abs(c - s)], d = e.value < 0, f = t + zo / 2 + 2.6, p = e.other ? K(l, t + 4.5 / 2, u, Bo, { fill: "#9a9a94" }) : a.amounts ? K(l, t + 4.5 / 2, u, Bo, { fill: "#4d5f80" }) : Bi(l, t + 4.5 / 2, u, Bo, d), m = Math.max(c, a.mark && !d ? Wo(c, n(a.mark.value), e.number) : c), h = (e.notes ?? []).map((e, t) => {
		let n = (a.notes?.[t]?.width ?? 0) - 6;
		return G(o[t] ?? 0, f, qi(e, n, W), { size: W });
	});
	return [
		e.total ? Ri(0, t, i, t, { stroke: Ti }) : "",
		G(0, f, qi(e.name, r - 4), { bold: e.total ?? !1 }),
		p,
		G(d ? c - 2.5 : m + 2.5, f, e.number, {
			size: Vo,
			anchor: d ? "end" : "start",
			bold: e.total ?? !1
		}),
		...h
	].join("");
}
function Wo(e, t, n) {
	return t > e - 1 && t < e + 5 + q(n, Vo) ? t : e;
}
function Go(e, t, n, r, [i, a]) {
	let o = q(r, W) / 2, s = Math.min(Math.max(e, i + o), Math.max(a - o, i + o));
	return [Ri(e, t - 3, e, n, {
		stroke: Ti,
		"stroke-width": .9,
		"stroke-dasharray": "2.5 1.5"
	}), G(s, t - 5, r, {
		size: W,
		anchor: "middle"
	})];
}
function Ko(e, t, n) {
	return qo(e).map((r) => G(t(r), n + 9, e.tick(r), {
		size: W,
		anchor: "middle",
		fill: U
	}));
}
function qo({ low: e, high: t }, n = 4) {
	let r = t - e;
	if (!(r > 0)) return [e];
	let i = r / n, a = 10 ** Math.floor(Math.log10(i)), o = ([
		1,
		2,
		5,
		10
	].find((e) => e * a >= .75 * i) ?? 10) * a, s = Math.ceil(e / o - 1e-9), c = Math.floor(t / o + 1e-9) - s + 1;
	return Array.from({ length: c }, (e, t) => Number(((s + t) * o).toPrecision(12)));
}
function Jo(e, t, n) {
	let [r, i] = [Math.min(0, ...e), Math.max(0, ...e)];
	return {
		label: t,
		tick: n,
		low: r,
		high: i === r ? r + 1 : i
	};
}
function Yo(e) {
	return {
		label: e,
		tick: (e) => `${Math.round(100 * e)}%`,
		low: 0,
		high: 1
	};
}
// src/lib/figure/carried.ts
function Xo(e, t, n) {
	let r = `“${Y(e.target.text)}”`, i = e.reference.kind === "versus", a = i ? e.ledger.value : e.target.probability, o = t.map((e) => i ? a + e.effect.nats : e.probability), s = i ? Jo([a, ...o], `lead of ${r} with the part set to zero, logits`, (e) => F(e, 1)) : Yo(`probability of ${r} with the part set to zero`), c = Ho(H, {
		rows: t.map((e, t) => {
			let n = o[t] ?? 0, r = i ? [F(a), F(n)] : Or(a, n), { says: s } = e, c = s.kind === "holds back" ? `holds it back, ${s.tag}` : s.tag;
			return {
				name: N(e.part),
				value: n,
				number: i ? F(n) : r[1] ?? "",
				notes: [
					F(e.credit),
					`${r[0]} → ${r[1]}`,
					[c, s.does].filter(Boolean).join("; ")
				]
			};
		}),
		axis: s,
		head: "part",
		mark: {
			value: a,
			label: `${i ? F(a) : I(a)} with all parts`
		},
		notes: [
			{
				width: 42,
				head: "adds, logits"
			},
			{
				width: 70,
				head: "with → without"
			},
			{
				width: 186,
				head: "what it does here"
			}
		],
		amounts: !i
	}), { control: l } = e, u = [l?.heads ? `all ${l.heads.count} heads` : "", l?.neurons ? `${l.neurons.count} active neurons` : ""].filter(Boolean), d = u.length > 0 ? `, ranked among ${u.join(" and ")}` : "";
	return J(H, [c], {
		shows: `Parts switched off one by one: each is set to zero alone, where ${r} is predicted${d}. “Adds” is what the part writes toward ${r} directly.`,
		made: e,
		asked: n,
		about: ga(e.target)
	});
}
function Zo(e, t) {
	return {
		head: [
			"part",
			"credit_logits",
			"probability",
			"probability_without",
			"effect_nats",
			"effect_of",
			"rank",
			"among",
			"size",
			"verdict"
		],
		rows: t.map(({ part: t, credit: n, effect: r, probability: i, difference: a }) => [
			N(t),
			n,
			e.target.probability,
			i,
			r.nats,
			a ? "logit difference" : "log-odds",
			r.rank,
			r.among,
			r.size,
			r.verdict
		])
	};
}
// src/lib/ledger.ts
function Qo(e, t, n, r = () => !1, i = () => null) {
	let a = [...e].sort((e, t) => Math.abs(t.value) - Math.abs(e.value));
	n === "effect" && a.sort((e, t) => Math.abs(i(t) ?? 0) - Math.abs(i(e) ?? 0));
	let o = /* @__PURE__ */ new Set([...a.slice(0, t), ...a.filter(r)]), s = a.filter((e) => !o.has(e));
	return {
		shown: (n === "layer" ? e : a).filter((e) => o.has(e)),
		others: {
			count: s.length,
			value: es(s.map((e) => e.value))
		},
		sum: es(e.map((e) => e.value))
	};
}
function $o(e, t, n) {
	return Math.max(e, Math.abs(n), ...t.map((e) => Math.abs(e.value)));
}
function es(e) {
	let t = 0, n = 0;
	for (let r of e) {
		let e = t + r;
		n += Math.abs(t) >= Math.abs(r) ? t - e + r : r - e + t, t = e;
	}
	return t + n;
}
function ts(e) {
	let t = es(e.terms.map((e) => e.value)), n = Math.abs(t - e.value);
	return {
		sum: t,
		error: n,
		holds: n <= e.tolerance
	};
}
function ns(e) {
	return [
		e.kind,
		e.layer,
		e.head,
		e.expert,
		e.neuron,
		e.source
	].join(" ");
}
function rs(e, t) {
	let n = new Map(t.map((e) => [ns(e), e]));
	return [...e.map((e) => {
		let t = n.get(ns(e));
		return n.delete(ns(e)), {
			term: e,
			a: e.value,
			b: t?.value ?? null
		};
	}), ...[...n.values()].map((e) => ({
		term: e,
		a: null,
		b: e.value
	}))];
}
// src/ui/Bar.tsx
function is(e) {
	let t = e.largest > 0 ? Math.min(Math.abs(e.value) / e.largest, 1) : 0;
	return /* @__PURE__ */ j("span", {
		class: "bar",
		"aria-hidden": "true",
		children: /* @__PURE__ */ j("span", {
			class: e.value < 0 ? "negative" : "positive",
			style: { width: `${t * 50}%` }
		})
	});
}
function as(e) {
	return /* @__PURE__ */ j("span", {
		class: `number${os(e.value, e.digits)}`,
		children: F(e.value, e.digits)
	});
}
function os(e, t) {
	let n = F(e, t);
	return /[1-9\u221e]/.test(n) ? e < 0 ? " negative" : " positive" : "";
}
// src/page/earlier.ts
var ss = 20, cs = "unembed-earlier", ls = class {
	list;
	#e;
	constructor(e) {
		this.#e = e, this.list = D(ds(e));
	}
	add({ a: e, source: t }) {
		let [n] = this.list.value;
		if (n?.a === e && n.source === t) return;
		let r = this.list.value.filter((n) => n.a !== e || n.source !== t);
		this.list.value = [{
			a: e,
			source: t
		}, ...r].slice(0, ss);
		try {
			this.#e?.setItem(cs, JSON.stringify(this.list.value));
		} catch {}
	}
};
function us(e) {
	try {
		return e === "page" ? sessionStorage : null;
	} catch {
		return null;
	}
}
function ds(e) {
	try {
		let t = JSON.parse(e?.getItem(cs) ?? "[]");
		return Array.isArray(t) ? t.filter(fs).slice(0, ss) : [];
	} catch {
		return [];
	}
}
function fs(e) {
	let { a: t, source: n } = e ?? {};
	return typeof t == "string" && (n === null || typeof n == "string");
}
// src/page/page.ts
var ps = class {
	data;
	desk;
	state;
	hovered = D(null);
	explained = D(null);
	answered = D(null);
	helpOpen = D(!1);
	continued = D(null);
	glossary = D(null);
	earlier;
	said = D("");
	at;
	shownPart = gt(() => this.hovered.value ?? this.at.selection.value);
	answer = gt(() => this.#t.value?.value ?? null);
	#e = () => {};
	#t = D(null);
	constructor(e, t) {
		this.data = e, this.earlier = new ls(us(e.host)), this.desk = new Vt(t, e.results);
		let n = er({
			...Zn,
			...e.state
		});
		this.state = D(e.host === "widget" ? n : this.#n(n));
		let r = Object.keys(Zn);
		this.at = Object.fromEntries(r.map((e) => [e, gt(() => this.state.value[e])]));
	}
	reads() {
		return (this.explained.value?.model ?? this.data.model)?.reads ?? null;
	}
	#n(e = Zn) {
		let t = $n(location.hash, e);
		return this.data.model && this.data.model.reads === null ? {
			...t,
			source: null
		} : t;
	}
	asked() {
		let { a: e, source: t } = this.state.value;
		return this.reads() === null ? e !== "" : this.reads() === "audio" || !!t;
	}
	beside() {
		return this.reads() === null ? "prompt" : "source";
	}
	set(e) {
		let t = this.state.value, n = e.a !== void 0 && e.a !== t.a, r = n || e.source !== void 0;
		this.state.value = {
			...t,
			...n ? { knowledge: null } : {},
			...r ? { word: null } : {},
			...e
		};
	}
	setKnowledge(e) {
		let t = this.state.value.knowledge;
		t && this.set({ knowledge: {
			...t,
			...e
		} });
	}
	select(e) {
		this.set({
			selection: e,
			test: null
		});
	}
	pin() {
		let { selection: e, test: t, pins: n } = this.state.value;
		if (!e) return;
		let r = n.filter((t) => !fn(t.part, e));
		this.set({ pins: [...r, {
			part: e,
			how: t ?? "zero"
		}] }), this.said.value = `Pinned ${N(e)}.`;
	}
	go(e) {
		this.set({ view: e });
	}
	explain() {
		let e = gt(() => this.asked() ? A(hs(this.state.value)) : ""), t = xt(() => {
			let t = e.value === "" ? null : JSON.parse(e.value);
			return this.#t.value = t && rt(() => this.desk.watch(t)), () => t && rt(() => this.desk.release(t));
		}), n = xt(() => {
			let e = this.answer.value;
			!e || e.error ? rt(() => this.#r(null)) : e.result && rt(() => this.#r(e.result));
		});
		return () => {
			n(), t();
		};
	}
	foresee(e) {
		if (this.data.host !== "page") return;
		let t = this.#e;
		this.#e = this.desk.foresee([hs({
			...this.state.value,
			...e
		})]), t();
	}
	asksOf(...e) {
		let t = this.answered.value;
		return t ? e.map((e) => hs({
			...t,
			...e
		})) : [];
	}
	inspectAsk(e) {
		let t = this.followed();
		return t && {
			ask: "inspect",
			...t,
			part: e
		};
	}
	#r(e) {
		let t = this.state.value;
		tt(() => {
			this.explained.value = e, this.answered.value = e && t, e && this.earlier.add(t);
		});
	}
	followed() {
		let e = this.answered.value;
		return e && {
			..._s(e),
			target: e.target ?? this.explained.value?.target.id
		};
	}
	link() {
		if (this.data.host === "widget") return () => {};
		let e = ms(this.state.value), t = xt(() => {
			let t = this.state.value, n = Qn(t), r = ms(t) !== e;
			if (e = ms(t), n === location.hash) return;
			let i = n || location.pathname + location.search;
			r ? history.pushState(null, "", i) : history.replaceState(null, "", i);
		}), n = () => {
			this.state.value = this.#n();
		};
		return addEventListener("hashchange", n), () => {
			t(), removeEventListener("hashchange", n);
		};
	}
};
function ms({ view: e, a: t, b: n, source: r, position: i, target: a, vs: o, reference: s }) {
	return JSON.stringify([
		e,
		t,
		n,
		r,
		i,
		a,
		o,
		s
	]);
}
function hs(e) {
	return gs(_s(e));
}
function gs(e) {
	return {
		ask: "explain",
		...e,
		test: !1,
		parts: !1,
		top: 10
	};
}
function _s({ a: e, source: t, target: n, vs: r, reference: i, position: a }) {
	return vs({
		prompt: e,
		source: t,
		target: n,
		vs: r,
		position: a,
		reference: r === null && i !== "mean" ? i : null
	});
}
function vs(e) {
	return Object.fromEntries(Object.entries(e).filter(([, e]) => e != null));
}
// src/lib/figure/amounts.ts
function ys(e, t) {
	let n = e.predictions.map(({ text: e, probability: t }) => ({
		name: L(e),
		value: t,
		number: I(t)
	})), r = ha(e.tokens[e.position]);
	return J(V, [Ho(V, {
		rows: n,
		axis: Yo("probability"),
		amounts: !0
	})], {
		shows: `The ${n.length} most probable tokens ${e.model.bidirectional ? "at" : "after"} “${r}” (position ${e.position}).`,
		made: e,
		asked: t,
		about: ga(e.target)
	});
}
function bs({ predictions: e }) {
	return {
		head: [
			"token",
			"id",
			"probability",
			"logit"
		],
		rows: e.map(({ text: e, id: t, probability: n, logit: r }) => [
			e,
			t,
			n,
			r
		])
	};
}
function xs(e, t) {
	return J(V, [Ho(V, {
		rows: e.generated.map(({ text: e, probability: t, position: n }) => ({
			name: `${n} ${L(e)}`,
			value: t,
			number: I(t)
		})),
		axis: Yo("probability of the token when it was written"),
		amounts: !0
	})], {
		shows: "The continuation, token by token from the top, with the position of each.",
		made: e,
		asked: t
	});
}
function Ss({ generated: e }) {
	return {
		head: [
			"position",
			"token",
			"id",
			"probability",
			"logit"
		],
		rows: e.map(({ position: e, text: t, id: n, probability: r, logit: i }) => [
			e,
			t,
			n,
			r,
			i
		])
	};
}
function Cs(e, t, n) {
	let r = Math.max(0, 1 - t.looks_at.reduce((e, t) => e + t.attention, 0)), i = t.looks_at.map((e) => ({
		name: `${e.position} ${z(e)}`,
		value: e.attention,
		number: P(e.attention)
	})), a = r > .005 ? [...i, {
		name: "elsewhere",
		value: r,
		number: P(r),
		other: !0
	}] : i, o = {
		...Yo("attention, as a share of 1"),
		tick: (e) => P(e, 1)
	}, s = ha(e.tokens[e.position]);
	return J(V, [Ho(V, {
		rows: a,
		axis: o,
		amounts: !0
	})], {
		shows: `Where ${N(M(t))} looks from “${s}” (position ${e.position}).`,
		made: e,
		asked: n,
		about: ga(e.target)
	});
}
function ws(e) {
	return {
		head: [
			"head",
			"position",
			"token",
			"attention"
		],
		rows: e.looks_at.map(({ position: t, text: n, attention: r }) => [
			N(M(e)),
			t,
			n,
			r
		])
	};
}
function Ts(e, t, n) {
	let { target_before: r, target_after: i } = e, a = (e) => Math.min(1, ...e.map((e) => e.probability)), o = Ho(V, {
		rows: Ms({
			...e,
			before: e.before.slice(0, Es),
			after: e.after.slice(0, Es)
		}).map(({ text: t, id: n, from: r, to: i }) => ({
			name: L(t),
			...Os(i ?? Ds(e.after, n), a(e.after)),
			notes: [Os(r ?? Ds(e.before, n), a(e.before)).number]
		})),
		axis: Yo("probability with the change"),
		notes: [{
			width: 44,
			head: "before"
		}],
		amounts: !0
	}), [s, c] = Or(r.probability, i.probability);
	return J(V, [o], {
		shows: `Predictions with ${js(e)}: “${Y(r.text)}” ${s} → ${c} (${F(e.nats)} nats).`,
		made: t,
		asked: n,
		about: ga(r)
	});
}
var Es = 5;
function Ds(e, t) {
	return e.find((e) => e.id === t)?.probability ?? null;
}
function Os(e, t) {
	return e === null ? {
		value: 0,
		number: `<${I(t).replace(/^[<>]/, "")}`
	} : {
		value: e,
		number: I(e)
	};
}
var ks = {
	zero: "set to zero",
	double: "doubled",
	mean: "set to its mean",
	swap: "taken from B"
}, As = 6;
function js({ tests: e }) {
	let t = e.slice(0, As).map(({ part: e, how: t }) => {
		let n = e.kind === "cross_head" ? "cross_attention" : e.kind;
		return `${xn(Sn({
			...e,
			kind: n
		}), e.encoder ?? !1)} ${ks[t]}`;
	}), n = e.length > As ? [`${e.length - As} more`] : [];
	return [...t, ...n].join(", ");
}
function Ms({ before: e, after: t, target_before: n, target_after: r }) {
	let i = /* @__PURE__ */ new Map(), a = (e, t) => {
		let n = i.get(e) ?? {
			id: e,
			text: t,
			from: null,
			to: null
		};
		return i.set(e, n), n;
	};
	for (let { id: t, text: r, probability: i } of [n, ...e]) a(t, r).from = i;
	for (let { id: e, text: n, probability: i } of [r, ...t]) a(e, n).to = i;
	return [...i.values()];
}
function Ns(e) {
	return {
		head: [
			"token",
			"id",
			"probability_before",
			"probability_after"
		],
		rows: Ms(e).map(({ text: e, id: t, from: n, to: r }) => [
			e,
			t,
			n,
			r
		])
	};
}
// src/ui/Token.tsx
function $(e) {
	return /* @__PURE__ */ j("bdi", {
		class: "token-text",
		children: z(e)
	});
}
function Ps(e) {
	return /* @__PURE__ */ j("span", {
		class: "tokens",
		children: e.tokens.map((e, t) => /* @__PURE__ */ j("span", {
			class: "chip",
			children: /* @__PURE__ */ j($, { text: e.text })
		}, t))
	});
}
function Fs(e) {
	return /* @__PURE__ */ j("span", {
		class: "chip",
		children: [
			/* @__PURE__ */ j($, {
				text: e.at.text,
				fragment: e.at.fragment
			}),
			" ",
			/* @__PURE__ */ j("span", {
				class: "small",
				children: P(e.at.attention)
			})
		]
	});
}
// src/ui/Tested.tsx
function Is(e) {
	let t = k(), n = t.followed(), r = e.tests.some((e) => e.how === "swap"), i = t.at.b.value, a = r && i === null, o = Ht(n && !a ? {
		ask: "test",
		...n,
		target: e.target ?? n.target,
		tests: e.tests,
		...r ? { [`${t.beside()}_b`]: i } : {}
	} : null), s = o?.result ?? null, c = t.explained.value, l = e.target === void 0 && c?.reference.kind === "versus" ? c.ledger.value : null;
	return ze(() => {
		s && e.say && (t.said.value = `${e.say}: ${Rs(s, l).join(" → ")}`);
	}, [s, e.say]), a ? /* @__PURE__ */ j("p", {
		class: "error",
		children: "A swap takes its value from prompt B: write one in Compare."
	}) : /* @__PURE__ */ j(b, { children: [/* @__PURE__ */ j(B, { answer: o }), s ? /* @__PURE__ */ j(Ls, {
		result: s,
		note: e.note,
		live: !e.say,
		lead: l
	}) : null] });
}
function Ls(e) {
	let { result: t, note: n, live: r, lead: i } = e, { target_before: a, target_after: o, effect: s, control: c } = t, [l, u] = Rs(t, i), d = k().explained.value;
	return /* @__PURE__ */ j("div", {
		class: "before-after has-exports",
		"aria-live": r ? "polite" : "off",
		children: [
			d ? /* @__PURE__ */ j(X, {
				name: "test",
				figure: (e) => Ts(t, d, e),
				table: () => Ns(t),
				data: t
			}) : null,
			/* @__PURE__ */ j("p", {
				class: "big",
				children: [
					i === null ? "" : "lead of ",
					/* @__PURE__ */ j($, { text: a.text }),
					" ",
					l,
					" → ",
					u
				]
			}),
			i === null ? null : /* @__PURE__ */ j("p", {
				class: "note",
				children: ["Its probability: ", Rs(t, null).join(" → ")]
			}),
			/* @__PURE__ */ j(Vs, {
				before: a.probability,
				after: o.probability,
				limit: c?.limit ?? null
			}),
			/* @__PURE__ */ j("p", {
				class: "note",
				children: [
					"With ",
					n,
					": ",
					F(t.nats),
					" ",
					/* @__PURE__ */ j(Q, { name: "nats" }),
					". ",
					zs(t),
					" ",
					s ? /* @__PURE__ */ j("strong", { children: Nr(s) }) : null
				]
			}),
			/* @__PURE__ */ j("p", {
				class: "note",
				children: ["Then: ", /* @__PURE__ */ j(Bs, { tokens: t.after.slice(0, 3) })]
			})
		]
	});
}
function Rs(e, t) {
	return t === null ? Or(e.target_before.probability, e.target_after.probability) : [F(t), F(t + e.nats)];
}
function zs({ tests: e, effect: t, control: n }) {
	if (!t || !n) return /* @__PURE__ */ j(b, { children: "No control for this kind of test." });
	let r = e.length > 1 ? "sets of as many random neurons of these layers" : "others of its kind";
	return /* @__PURE__ */ j(b, { children: [
		/* @__PURE__ */ j(Q, {
			name: "control",
			children: "Control"
		}),
		": ",
		t.rank,
		" of ",
		t.among,
		" by size, beside ",
		n.count,
		" ",
		r,
		n.limit === null ? ", too few for a verdict." : "."
	] });
}
function Bs(e) {
	return /* @__PURE__ */ j(b, { children: e.tokens.map((e, t) => /* @__PURE__ */ j("span", {
		class: "chip",
		children: [
			/* @__PURE__ */ j($, { text: e.text }),
			" ",
			/* @__PURE__ */ j("span", {
				class: "small",
				children: I(e.probability)
			})
		]
	}, t)) });
}
function Vs(e) {
	let t = (e) => 4 + e * 192, [n, r] = [-1, 1].map((n) => t(Hs(e.before, n * (e.limit ?? 0))));
	return /* @__PURE__ */ j("div", {
		class: "scale small",
		"aria-hidden": "true",
		children: [
			/* @__PURE__ */ j("svg", {
				viewBox: "0 0 200 26",
				"aria-hidden": "true",
				children: [
					/* @__PURE__ */ j("line", {
						x1: 4,
						x2: 196,
						y1: 14,
						y2: 14,
						class: "axis"
					}),
					e.limit === null ? null : /* @__PURE__ */ j("rect", {
						x: n,
						y: 7,
						width: Math.max(r - n, 1),
						height: 14,
						class: "band"
					}),
					/* @__PURE__ */ j("line", {
						x1: t(e.before),
						x2: t(e.after),
						y1: 14,
						y2: 14,
						class: "move"
					}),
					/* @__PURE__ */ j("circle", {
						cx: t(e.before),
						cy: 14,
						r: 4,
						class: "before"
					}),
					/* @__PURE__ */ j("circle", {
						cx: t(e.after),
						cy: 14,
						r: 4,
						class: "after"
					})
				]
			}),
			/* @__PURE__ */ j("p", {
				class: "ends",
				children: [/* @__PURE__ */ j("span", { children: "0%" }), /* @__PURE__ */ j("span", { children: "100%" })]
			}),
			/* @__PURE__ */ j("p", { children: ["○ before, ● after", e.limit === null ? "" : "; grey: where 19 of 20 others leave it"] })
		]
	});
}
function Hs(e, t) {
	let n = e * Math.exp(t);
	return n / (1 - e + n);
}
// src/panels/Inspector.tsx
var Us = {
	zero: "its output set to zero",
	double: "its output doubled",
	mean: "its output set to its mean",
	swap: "its output taken from B"
}, Ws = {
	zero: "zeroed",
	double: "doubled",
	mean: "at its mean",
	swap: "taken from B"
};
function Gs() {
	let e = k(), t = e.at.selection.value, { answer: n, result: r, stale: i } = Wt(t && e.inspectAsk(t));
	return e.explained.value ? t ? /* @__PURE__ */ j(Z, {
		name: "inspector",
		title: `Inspector: ${N(t)}`,
		children: [
			/* @__PURE__ */ j("button", {
				type: "button",
				class: "close",
				"aria-label": "Select nothing",
				onClick: () => e.select(null),
				children: "×"
			}),
			/* @__PURE__ */ j(ec, {}),
			/* @__PURE__ */ j(B, { answer: n }),
			r && fn(r.part, t) ? /* @__PURE__ */ j("dl", {
				class: i ? "stale" : "",
				children: [
					t.encoder ? /* @__PURE__ */ j(Js, {
						name: "inside the encoder",
						children: /* @__PURE__ */ j("span", {
							class: "small",
							children: "at every position of the source; credit is what it carries on through cross-attention, patterns frozen"
						})
					}) : null,
					r.value === null ? null : /* @__PURE__ */ j(Js, {
						name: /* @__PURE__ */ j(Q, { name: "credit" }),
						children: [F(r.value), " logits"]
					}),
					r.activation === null ? null : /* @__PURE__ */ j(Js, {
						name: /* @__PURE__ */ j(Q, { name: "activation" }),
						children: F(r.activation, 2)
					}),
					r.looks_at.length === 0 ? null : /* @__PURE__ */ j(Js, {
						name: "looks at",
						children: r.looks_at.map((e) => /* @__PURE__ */ j(Fs, { at: e }, e.position))
					}),
					/* @__PURE__ */ j($s, {
						name: "writes toward",
						tokens: r.promotes
					}),
					/* @__PURE__ */ j($s, {
						name: "writes away from",
						tokens: r.suppresses
					}),
					/* @__PURE__ */ j(Xs, { part: t })
				]
			}) : null
		]
	}) : /* @__PURE__ */ j(Z, {
		name: "inspector",
		title: "Inspector",
		note: "Select a sublayer, head or neuron anywhere to see what it does.",
		children: null
	}) : null;
}
function Ks({ parts: e }) {
	let t = k();
	return Ut(e.flatMap((e) => t.inspectAsk(e) ?? [])), null;
}
function qs() {
	let e = k().hovered.value;
	return /* @__PURE__ */ j(Ks, { parts: e ? [e] : [] });
}
function Js(e) {
	return /* @__PURE__ */ j("div", { children: [/* @__PURE__ */ j("dt", { children: e.name }), /* @__PURE__ */ j("dd", { children: e.children })] });
}
var Ys = {
	"pre-activation": "reads",
	gate: "reads: gate",
	up: "reads: up",
	query: "reads: query",
	key: "reads: key"
};
function Xs({ part: e }) {
	let t = k(), n = t.followed(), { answer: r, result: i, stale: a } = Wt(n && mn(e) !== e.kind && t.reads() === null ? {
		ask: "reads",
		...vs({
			prompt: n.prompt,
			position: n.position
		}),
		part: e
	} : null);
	return r?.error ? /* @__PURE__ */ j(Js, {
		name: "reads",
		children: /* @__PURE__ */ j(B, { answer: r })
	}) : !i || a || !fn(i.part, e) ? null : /* @__PURE__ */ j(b, { children: i.reads.map((e) => /* @__PURE__ */ j(Zs, { reading: e }, e.what)) });
}
function Zs({ reading: e }) {
	let { what: t, value: n, terms: r, others: i, source: a } = e;
	return /* @__PURE__ */ j(Js, {
		name: Ys[t],
		children: [
			/* @__PURE__ */ j("span", {
				class: "small",
				children: [
					a ? "score" : t,
					" ",
					F(n),
					a ? /* @__PURE__ */ j(b, { children: [
						" ",
						"toward ",
						/* @__PURE__ */ j($, { text: a.text })
					] }) : null,
					" ",
					"=",
					" "
				]
			}),
			r.map((e) => /* @__PURE__ */ j(Qs, { term: e }, Sn(e.part))),
			i.count > 0 ? /* @__PURE__ */ j("span", {
				class: "chip",
				children: [
					i.count,
					" others (net) ",
					/* @__PURE__ */ j("span", {
						class: "small",
						children: F(i.value)
					})
				]
			}) : null
		]
	});
}
function Qs({ term: e }) {
	let t = Cn(e.part);
	return /* @__PURE__ */ j("span", {
		class: "chip",
		children: [
			t ? /* @__PURE__ */ j(ao, { part: t }) : Sn(e.part),
			" ",
			/* @__PURE__ */ j("span", {
				class: "small",
				children: F(e.value)
			})
		]
	});
}
function $s(e) {
	return e.tokens.length === 0 ? null : /* @__PURE__ */ j(Js, {
		name: e.name,
		children: /* @__PURE__ */ j(Ps, { tokens: e.tokens })
	});
}
function ec() {
	let e = k(), { selection: t, test: n, b: r } = e.state.value;
	return t ? /* @__PURE__ */ j("fieldset", {
		class: "test",
		children: [
			/* @__PURE__ */ j("legend", { children: ["Test ", /* @__PURE__ */ j("kbd", { children: "t" })] }),
			/* @__PURE__ */ j("p", {
				class: "controls",
				children: [Yn.map((t) => /* @__PURE__ */ j("button", {
					type: "button",
					"aria-pressed": n === t,
					disabled: t === "swap" && r === null,
					title: t === "swap" && r === null ? "Open B first" : Us[t],
					onClick: () => e.set({ test: n === t ? null : t }),
					children: t
				}, t)), /* @__PURE__ */ j("button", {
					type: "button",
					onClick: () => e.pin(),
					children: ["Pin ", /* @__PURE__ */ j("kbd", { children: "p" })]
				})]
			}),
			n ? /* @__PURE__ */ j(Is, {
				tests: [{
					part: t,
					how: n
				}],
				note: Us[n],
				say: `${N(t)} ${Ws[n]}`
			}) : null
		]
	}) : null;
}
// src/panels/Carried.tsx
var tc = 6, nc = .2, rc = "How much of its effect is undone where that later part stays as it was; shares need not sum to 100%";
function ic({ besideLedger: e = !1 }) {
	let t = k(), n = t.explained.value, r = Zt(), i = Qt(), a = $t(), o = O(!1);
	if (!n) return null;
	let s = i?.control ? ko(i) : [], c = o.value ? s : Oo(s, tc), l = i?.control || !a ? s : Ao(a), u = i?.control ? c : o.value ? l : l.slice(0, tc);
	return /* @__PURE__ */ j(Z, {
		name: "carried",
		title: "What carried it",
		note: i ? /* @__PURE__ */ j(oc, { tested: i }) : /* @__PURE__ */ j(ac, { failed: !!r?.error }),
		children: [
			/* @__PURE__ */ j(B, { answer: r }),
			i ? /* @__PURE__ */ j(X, {
				name: "carried",
				figure: (e) => Xo(i, c, e),
				table: () => Zo(i, s),
				data: i
			}) : null,
			u.length > 0 ? /* @__PURE__ */ j(cc, {
				explained: i ?? n,
				parts: u,
				waiting: sc(r)
			}) : null,
			/* @__PURE__ */ j(Ks, { parts: u.slice(0, tc).map(({ part: e }) => e) }),
			i?.control ? /* @__PURE__ */ j(uc, { control: i.control }) : null,
			e ? null : /* @__PURE__ */ j(dc, { explained: n }),
			/* @__PURE__ */ j("p", {
				class: "controls end",
				children: [l.length > tc ? /* @__PURE__ */ j("button", {
					type: "button",
					"aria-pressed": o.value,
					onClick: () => o.value = !o.value,
					children: o.value ? "Fewer" : `All ${l.length} that were ${i ? "looked at" : "listed"}`
				}) : null, e ? null : /* @__PURE__ */ j("button", {
					type: "button",
					onClick: () => t.go("parts"),
					children: "All parts"
				})]
			})
		]
	});
}
function ac({ failed: e }) {
	return /* @__PURE__ */ j(b, { children: ["What each adds, the largest first. ", e ? "None was switched off." : "Each is now being switched off …"] });
}
function oc({ tested: { control: e } }) {
	return e ? /* @__PURE__ */ j(b, { children: [
		"Each part alone ",
		/* @__PURE__ */ j(Q, {
			name: "zeroed",
			children: "set to zero"
		}),
		" where the question is asked",
		e.heads ? /* @__PURE__ */ j(b, { children: [
			", ranked among all ",
			e.heads.count,
			" ",
			/* @__PURE__ */ j(Q, {
				name: "attention head",
				children: "heads"
			})
		] }) : null,
		e.neurons ? /* @__PURE__ */ j(b, { children: [
			e.heads ? " or " : ", ranked among ",
			e.neurons.count,
			" active ",
			/* @__PURE__ */ j(Q, {
				name: "neuron",
				children: "neurons"
			})
		] }) : null,
		"."
	] }) : /* @__PURE__ */ j(b, { children: "No part was switched off: this was made without its tests." });
}
function sc(e) {
	return e !== null && !e.result && !e.error;
}
function cc(e) {
	let { explained: t, parts: n } = e, r = R(t.target.text.trim() || t.target.text), i = t.reference.kind === "versus", a = i ? t.ledger.value : t.target.probability, o = (e) => i ? a + e.effect.nats : e.probability, s = [
		a,
		...n.filter(To).map(o),
		0
	], [c, l] = i ? [Math.min(...s), Math.max(...s)] : [0, 1], u = (e) => (e - c) / Math.max(l - c, 1e-12), d = (e) => `${100 * u(e)}%`;
	return /* @__PURE__ */ j(oo, {
		label: "Heads and neurons, one a row",
		children: /* @__PURE__ */ j("table", { children: [/* @__PURE__ */ j("thead", { children: /* @__PURE__ */ j("tr", { children: [
			/* @__PURE__ */ j("th", {
				scope: "col",
				children: "part"
			}),
			/* @__PURE__ */ j("th", {
				scope: "col",
				class: "number wide-only",
				title: "What it writes toward what is explained, directly: its row of the ledger",
				children: ["adds, ", /* @__PURE__ */ j(Q, {
					name: "logit",
					children: "logits"
				})]
			}),
			/* @__PURE__ */ j("th", {
				scope: "col",
				class: "without-column wide-only bars-column",
				children: [i ? `lead of ${r} without it` : `${r} without it`, /* @__PURE__ */ j("span", {
					class: "scale",
					children: [
						u(a) > nc ? /* @__PURE__ */ j("span", {
							class: "low",
							children: i ? F(c) : "0%"
						}) : null,
						u(a) < .8 ? /* @__PURE__ */ j("span", {
							class: "high",
							children: i ? F(l) : "100%"
						}) : null,
						/* @__PURE__ */ j("span", {
							class: "mark-before",
							style: { "--at": d(a) },
							children: [i ? F(a) : I(a), " with it"]
						})
					]
				})]
			}),
			/* @__PURE__ */ j("th", {
				scope: "col",
				class: "number",
				children: "with → without"
			}),
			/* @__PURE__ */ j("th", {
				scope: "col",
				children: "what it does here"
			})
		] }) }), /* @__PURE__ */ j("tbody", { children: n.map((t) => /* @__PURE__ */ j("tr", { children: [
			/* @__PURE__ */ j("th", {
				scope: "row",
				children: /* @__PURE__ */ j(ao, { part: t.part })
			}),
			/* @__PURE__ */ j("td", {
				class: "number wide-only",
				children: /* @__PURE__ */ j(as, { value: t.credit })
			}),
			To(t) ? /* @__PURE__ */ j(lc, {
				carrier: t,
				before: a,
				after: o(t),
				lead: i,
				place: d
			}) : /* @__PURE__ */ j(b, { children: [
				/* @__PURE__ */ j("td", { class: "wide-only bars-column" }),
				/* @__PURE__ */ j("td", {
					class: "number",
					children: e.waiting ? "…" : "not switched off"
				}),
				/* @__PURE__ */ j("td", { children: Rr(t.does) })
			] })
		] }, pn(t.part))) })] })
	});
}
function lc(e) {
	let { before: t, after: n, lead: r, place: i } = e, { effect: a, says: o } = e.carrier, s = r ? [F(t), F(n)] : Or(t, n), c = Math.abs(Number.parseFloat(i(n)) - Number.parseFloat(i(0)));
	return /* @__PURE__ */ j(b, { children: [
		/* @__PURE__ */ j("td", {
			class: "wide-only bars-column",
			children: /* @__PURE__ */ j("span", {
				class: `left ${n > t ? "more" : "less"}`,
				"aria-hidden": "true",
				children: [/* @__PURE__ */ j("i", { style: {
					left: i(Math.min(n, 0)),
					width: `${c}%`
				} }), /* @__PURE__ */ j("b", { style: { left: i(t) } })]
			})
		}),
		/* @__PURE__ */ j("td", {
			class: "number",
			title: `${P(a.nats)} nats`,
			children: [
				s[0],
				" → ",
				s[1]
			]
		}),
		/* @__PURE__ */ j("td", { children: [
			/* @__PURE__ */ j("span", {
				class: `tag ${o.kind.replace(" ", "-")}`,
				children: o.kind === "holds back" ? `holds it back, ${o.tag}` : o.tag
			}),
			" ",
			/* @__PURE__ */ j("span", {
				title: e.carrier.through.length > 0 ? rc : void 0,
				children: Rr(o.does)
			})
		] })
	] });
}
function uc({ control: e }) {
	let [t, n] = ["heads", "neurons"].flatMap((t) => {
		let n = e[t]?.limit ?? null;
		return n === null ? [] : [{
			kind: t,
			moves: P(n)
		}];
	});
	return t ? /* @__PURE__ */ j("p", {
		class: "small",
		children: [
			"Of the ",
			t.kind,
			", one in twenty moves it by ",
			t.moves,
			" ",
			/* @__PURE__ */ j(Q, { name: "nats" }),
			" or more",
			n ? `; of the ${n.kind}, by ${n.moves}` : "",
			"."
		]
	}) : null;
}
function dc({ explained: e }) {
	let { sum: t, error: n, holds: r } = ts(e.ledger), { kind: i, text: a } = e.reference, o = i === "mean" ? "the model's own logit above the mean of the vocabulary" : i === "raw" ? "the model's own logit" : `the model's own lead over ${R(a ?? "")}`;
	return /* @__PURE__ */ j("p", {
		class: r ? "note" : "error",
		children: [
			"All ",
			e.ledger.terms.length,
			" parts add up to ",
			/* @__PURE__ */ j("strong", { children: F(t) }),
			", ",
			o,
			r ? " ✓" : `, which is ${F(e.ledger.value)}`,
			" ",
			/* @__PURE__ */ j("span", {
				class: "small",
				children: [
					"(off by ",
					Tr(n),
					")"
				]
			})
		]
	});
}
// src/lib/align.ts
function fc(e, t) {
	let n = [], [r, i] = [0, 0];
	for (let [a, o] of [...mc(e, t), [e.length, t.length]]) {
		let s = a - r === o - i;
		for (; r < a;) n.push({
			a: r,
			b: s ? i : null,
			how: s ? "differs" : "alone"
		}), r += 1, s && (i += 1);
		for (; i < o; i += 1) n.push({
			a: null,
			b: i,
			how: "alone"
		});
		a < e.length && o < t.length && n.push({
			a,
			b: o,
			how: "same"
		}), [r, i] = [a + 1, o + 1];
	}
	return n;
}
function pc(e) {
	return e.flatMap(({ a: e, b: t }) => e === null || t === null ? [] : [[e, t]]);
}
function mc(e, t) {
	let n = 0;
	for (; n < e.length && n < t.length && e[n] === t[n];) n += 1;
	let r = 0;
	for (; r < Math.min(e.length, t.length) - n && e.at(-1 - r) === t.at(-1 - r);) r += 1;
	let i = hc(e.slice(n, e.length - r), t.slice(n, t.length - r));
	return [
		...Array.from({ length: n }, (e, t) => [t, t]),
		...i.map(([e, t]) => [e + n, t + n]),
		...Array.from({ length: r }, (n, i) => [e.length - r + i, t.length - r + i])
	];
}
function hc(e, t) {
	let n = t.length + 1, r = new Uint16Array((e.length + 1) * n), i = (e, t) => r[e * n + t] ?? 0;
	for (let a = e.length - 1; a >= 0; --a) for (let o = t.length - 1; o >= 0; --o) r[a * n + o] = e[a] === t[o] ? i(a + 1, o + 1) + 1 : Math.max(i(a + 1, o), i(a, o + 1));
	let a = [];
	for (let n = 0, r = 0; n < e.length && r < t.length;) e[n] === t[r] ? a.push([n++, r++]) : i(n + 1, r) >= i(n, r + 1) ? n += 1 : r += 1;
	return a;
}
// src/hooks/useCompared.ts
function gc() {
	let e = k(), t = e.at.b.value, { position: n } = e.answered.value ?? e.state.value, r = e.explained.value, i = e.followed(), a = e.beside(), o = t !== null && t !== "" && r !== null && i !== null && t !== i[a], { position: s, ...c } = i ?? {}, l = {
		...c,
		[a]: t
	}, u = Ht(o ? gs(l) : null), d = o && u?.result ? fc(_c(r), _c(u.result)) : null, f = d && r ? pc(d).find(([e]) => e === r.position) : void 0, p = Ht(o && n !== null && f ? gs({
		...l,
		position: f[1]
	}) : null);
	if (!o) return null;
	let m = n === null ? u : f ? p : u?.result ? null : u;
	return {
		answer: m,
		result: m?.result ?? null,
		columns: d,
		mate: f?.[1] ?? null
	};
}
function _c(e) {
	return e.tokens.map((e) => e.id);
}
// src/lib/figure/compare.ts
var vc = 20;
function yc(e, t, n) {
	let r = [...rs(e.ledger.terms, t.ledger.terms)].sort((e, t) => Math.abs(bc(t)) - Math.abs(bc(e))), i = r.slice(vc), a = es(r.map(bc)), o = es(i.map(bc)), s = [
		...r.slice(0, vc).map((e) => ({
			name: Sn(e.term),
			value: bc(e),
			number: F(bc(e))
		})),
		...i.length > 0 ? [{
			name: `${i.length} others (net)`,
			value: o,
			number: F(o),
			other: !0
		}] : [],
		{
			name: "total",
			value: a,
			number: F(a),
			other: !0,
			total: !0
		}
	];
	return J(V, [Ho(V, {
		rows: s,
		axis: Jo(s.map((e) => e.value), "A minus B, logits", (e) => F(e, +!Number.isInteger(e)))
	})], {
		shows: `Two prompts compared: the difference, A minus B, of what each part adds to ${_a(e.target, e.reference)} (${F(e.ledger.value)} in A, ${F(t.ledger.value)} in B). Hatched: less in A.`,
		made: e,
		asked: n,
		about: ga(e.target)
	});
}
function bc({ a: e, b: t }) {
	return (e ?? 0) - (t ?? 0);
}
function xc(e, t) {
	return {
		head: [
			"term",
			"a_logits",
			"b_logits",
			"difference"
		],
		rows: rs(e.ledger.terms, t.ledger.terms).map((e) => [
			Sn(e.term),
			e.a,
			e.b,
			bc(e)
		])
	};
}
// src/panels/Patch.tsx
var Sc = {
	resid_pre: "stream before a block",
	attention: "attention's write",
	mlp: "MLP's write"
};
function Cc(e) {
	let t = k(), { a: n, target: r, vs: i } = t.answered.value ?? t.state.value, a = O("resid_pre"), { answer: o, result: s, stale: c } = Wt({
		ask: "patch",
		prompt: n,
		prompt_b: e.promptB,
		site: a.value,
		align: e.pairs,
		...r === null ? {} : { target: r },
		...i === null ? {} : { vs: i }
	});
	return /* @__PURE__ */ j("div", {
		class: "has-exports",
		children: [
			/* @__PURE__ */ j("h3", { children: [/* @__PURE__ */ j(Q, {
				name: "patching",
				children: "Patching"
			}), ": B with one value of A at a time"] }),
			/* @__PURE__ */ j("p", {
				class: "controls",
				children: /* @__PURE__ */ j("label", { children: [
					"Value",
					" ",
					/* @__PURE__ */ j("select", {
						value: a.value,
						onChange: (e) => a.value = e.currentTarget.value,
						children: Object.entries(Sc).map(([e, t]) => /* @__PURE__ */ j("option", {
							value: e,
							children: t
						}, e))
					})
				] })
			}),
			/* @__PURE__ */ j(B, { answer: o }),
			s ? /* @__PURE__ */ j("div", {
				class: c ? "stale" : "",
				children: /* @__PURE__ */ j(wc, {
					result: s,
					promptB: e.promptB
				})
			}) : null
		]
	});
}
function wc({ result: e, promptB: t }) {
	let n = k(), r = O(0), i = [...new Set(e.grid.map((e) => e.position ?? 0))].sort((e, t) => e - t), a = [...new Set(e.grid.map((e) => e.layer))].sort((e, t) => t - e), o = new Map(e.grid.map((e) => [`${e.layer} ${e.position ?? 0}`, e])), s = i.slice(r.value, r.value + 128), c = (e, t) => o.get(`${a[t]} ${s[e]}`), l = (t) => z(e.clean_tokens[t]), u = Math.max(1, ...e.grid.map((e) => Math.abs(e.effect ?? 0))), d = (t) => t ? `L${t.layer}, position ${t.position} ${l(t.position ?? 0)}: ${e.metric} ${P(t.value)}, effect ${F(t.effect ?? 0)}` : "", f = (e.target ?? []).map((e) => R(e.text)).join("");
	return /* @__PURE__ */ j(b, { children: [
		/* @__PURE__ */ j(X, {
			name: "patching",
			figure: (t) => Pa(e, {
				start: r.value,
				size: 128
			}, t),
			table: () => Ia(e),
			data: e,
			beside: t
		}),
		/* @__PURE__ */ j("p", {
			class: "note",
			children: [
				e.metric.replace("-", " "),
				" of ",
				f,
				e.versus ? ` over ${R(e.versus.text)}` : "",
				": ",
				P(e.clean),
				" in A,",
				" ",
				P(e.corrupt),
				" in B. ",
				e.complete ? "" : "Not all cells were computed."
			]
		}),
		/* @__PURE__ */ j(lo, {
			start: r,
			length: i.length,
			what: "tokens"
		}),
		/* @__PURE__ */ j(qa, {
			label: "Effect of patching, by layer and token",
			columns: s.length,
			rows: a.length,
			colour: (e, t) => {
				let n = c(e, t);
				return n ? xi(n.effect ?? 0, u) : null;
			},
			tell: (e, t) => d(c(e, t)),
			rowName: (e) => `L${a[e]}`,
			columnName: (e) => l(s[e] ?? -1),
			...e.site.startsWith("resid") ? {} : { onChoose: (t, r) => n.select({
				kind: e.site === "mlp" ? "mlp" : "attention",
				layer: a[r] ?? 0
			}) }
		}),
		/* @__PURE__ */ j(io, {
			kind: "sign",
			low: `${F(-u, 1)} away from A`,
			high: `${F(u, 1)}${u === 1 ? ", as A" : ""}`,
			middle: u === 1 ? "0, as B" : "0, as B; +1 is as A"
		}),
		/* @__PURE__ */ j(so, {
			label: "effect of patching",
			head: [
				"layer",
				"position",
				e.metric,
				"effect"
			],
			rows: () => e.grid.filter((e) => s.includes(e.position ?? 0)).map((e) => [
				`L${e.layer}`,
				`${e.position} ${l(e.position ?? 0)}`,
				P(e.value),
				e.effect === null ? "—" : F(e.effect)
			])
		})
	] });
}
// src/panels/Compare.tsx
var Tc = 12;
function Ec() {
	let e = k(), t = e.explained.value, n = gc(), r = e.at.b.value;
	if (!t) return null;
	if (!n) return /* @__PURE__ */ j(Z, {
		name: "compare",
		title: "Compare A and B",
		note: `A second ${e.beside()}, best with as many tokens: its ledger is set beside this one's, and its values are put in here to see which bring its answer.`,
		children: /* @__PURE__ */ j(Dc, {})
	});
	let i = n.columns ? pc(n.columns) : [];
	return /* @__PURE__ */ j(Z, {
		name: "compare",
		title: "Compare A and B",
		children: [
			/* @__PURE__ */ j(Dc, {}),
			/* @__PURE__ */ j(B, { answer: n.answer }),
			n.result && n.mate !== null ? /* @__PURE__ */ j(X, {
				name: "compare",
				figure: (e) => yc(t, n.result, e),
				table: () => xc(t, n.result),
				data: {
					a: t,
					b: n.result
				},
				beside: r ?? ""
			}) : null,
			/* @__PURE__ */ j(Oc, {
				explained: t,
				compared: n
			}),
			n.columns && n.mate === null ? /* @__PURE__ */ j("p", {
				class: "error",
				children: "The explained position of A has no partner in B, so the two ledgers are not set side by side."
			}) : null,
			/* @__PURE__ */ j("div", {
				class: "side-by-side wide",
				children: [n.result && n.mate !== null ? /* @__PURE__ */ j(Ac, {
					a: t,
					b: n.result
				}) : null, e.reads() === null && i.length > 0 && n.mate !== null ? t.position === t.asks ? /* @__PURE__ */ j(Cc, {
					pairs: i,
					promptB: r ?? ""
				}) : /* @__PURE__ */ j("p", {
					class: "note",
					children: "Patching is read at the last token; choose it to see this map."
				}) : null]
			})
		]
	});
}
function Dc() {
	let e = k(), { a: t, b: n, source: r } = e.state.value, i = e.beside(), a = e.data.host !== "report" && e.reads() !== "audio";
	return n === null ? /* @__PURE__ */ j("button", {
		type: "button",
		disabled: !a,
		onClick: () => e.set({ b: i === "source" ? r : t }),
		children: [
			"A | B: add ",
			i,
			" B"
		]
	}) : /* @__PURE__ */ j("div", {
		class: "fields",
		children: [/* @__PURE__ */ j(Kr, {
			name: "b",
			label: i === "source" ? "Source B" : "Prompt B",
			wide: !0,
			live: a
		}), /* @__PURE__ */ j("button", {
			type: "button",
			disabled: !a,
			onClick: () => e.set({ b: null }),
			children: "Without B"
		})]
	});
}
function Oc({ explained: e, compared: t }) {
	let n = t.result?.tokens ?? [];
	if (!t.columns || !t.result) return null;
	let r = {
		same: "=",
		differs: "≠",
		alone: "∅"
	};
	return /* @__PURE__ */ j(oo, {
		label: "Tokens of A and B",
		children: [/* @__PURE__ */ j("table", {
			class: "columns",
			children: /* @__PURE__ */ j("tbody", { children: [
				/* @__PURE__ */ j("tr", { children: [/* @__PURE__ */ j("th", {
					scope: "row",
					children: "A"
				}), t.columns.map(({ a: t, how: n }, r) => /* @__PURE__ */ j("td", {
					class: n,
					children: t === null ? "—" : /* @__PURE__ */ j($, {
						text: e.tokens[t]?.text ?? "",
						fragment: e.tokens[t]?.fragment
					})
				}, r))] }),
				/* @__PURE__ */ j("tr", { children: [/* @__PURE__ */ j("th", {
					scope: "row",
					children: /* @__PURE__ */ j("span", {
						class: "hidden",
						children: "aligned"
					})
				}), t.columns.map(({ how: e }, t) => /* @__PURE__ */ j("td", {
					class: e,
					title: e,
					children: [r[e], /* @__PURE__ */ j("span", {
						class: "hidden",
						children: e
					})]
				}, t))] }),
				/* @__PURE__ */ j("tr", { children: [/* @__PURE__ */ j("th", {
					scope: "row",
					children: "B"
				}), t.columns.map(({ b: e, how: t }, r) => /* @__PURE__ */ j("td", {
					class: t,
					children: e === null ? "—" : /* @__PURE__ */ j($, {
						text: n[e]?.text ?? "",
						fragment: n[e]?.fragment
					})
				}, r))] })
			] })
		}), /* @__PURE__ */ j("p", {
			class: "note",
			children: "= equal; ≠ replaced, set side by side; ∅ without a partner."
		})]
	});
}
var kc = (e) => (e.a ?? 0) - (e.b ?? 0);
function Ac({ a: e, b: t }) {
	let n = rs(e.ledger.terms, t.ledger.terms).sort((e, t) => Math.abs(kc(t)) - Math.abs(kc(e))), r = n.slice(0, Tc), i = n.slice(Tc), a = Math.max(0, ...n.map((e) => Math.abs(kc(e)))), o = (e) => [
		es(e.map((e) => e.a ?? 0)),
		es(e.map((e) => e.b ?? 0)),
		es(e.map(kc))
	];
	return /* @__PURE__ */ j("table", {
		class: "differences",
		children: [
			/* @__PURE__ */ j("caption", { children: [
				"Ledger of ",
				/* @__PURE__ */ j($, { text: e.target.text }),
				": ",
				I(e.target.probability),
				" in A,",
				" ",
				I(t.target.probability),
				" in B"
			] }),
			/* @__PURE__ */ j("thead", { children: /* @__PURE__ */ j("tr", { children: [
				/* @__PURE__ */ j("th", {
					scope: "col",
					children: "part"
				}),
				/* @__PURE__ */ j("th", {
					scope: "col",
					class: "number",
					children: "A"
				}),
				/* @__PURE__ */ j("th", {
					scope: "col",
					class: "number",
					children: "B"
				}),
				/* @__PURE__ */ j("th", {
					scope: "col",
					class: "number",
					children: "A − B"
				}),
				/* @__PURE__ */ j("th", {
					scope: "col",
					class: "wide-only",
					children: /* @__PURE__ */ j("span", {
						class: "hidden",
						children: "bar"
					})
				})
			] }) }),
			/* @__PURE__ */ j("tbody", { children: [r.map((e) => {
				let t = Cn(e.term);
				return /* @__PURE__ */ j("tr", { children: [
					/* @__PURE__ */ j("th", {
						scope: "row",
						children: t ? /* @__PURE__ */ j(ao, { part: t }) : Sn(e.term)
					}),
					/* @__PURE__ */ j("td", {
						class: "number",
						children: e.a === null ? "—" : F(e.a)
					}),
					/* @__PURE__ */ j("td", {
						class: "number",
						children: e.b === null ? "—" : F(e.b)
					}),
					/* @__PURE__ */ j("td", {
						class: "number",
						children: /* @__PURE__ */ j(as, { value: kc(e) })
					}),
					/* @__PURE__ */ j("td", {
						class: "wide-only",
						children: /* @__PURE__ */ j(is, {
							value: kc(e),
							largest: a
						})
					})
				] }, ns(e.term));
			}), /* @__PURE__ */ j(jc, {
				name: `${i.length} others (net)`,
				sums: o(i)
			})] }),
			/* @__PURE__ */ j("tfoot", { children: /* @__PURE__ */ j(jc, {
				name: "total",
				sums: o(n)
			}) })
		]
	});
}
function jc({ name: e, sums: t }) {
	return /* @__PURE__ */ j("tr", {
		class: e === "total" ? "total" : "others",
		children: [
			/* @__PURE__ */ j("th", {
				scope: "row",
				children: e
			}),
			t.map((e, t) => /* @__PURE__ */ j("td", {
				class: "number",
				children: F(e)
			}, t)),
			/* @__PURE__ */ j("td", { class: "wide-only" })
		]
	});
}
// src/lib/effects.ts
function Mc(e, t) {
	let n = Nc(e, t);
	if (n) {
		let e = n.difference ?? n.effect;
		return {
			nats: e.nats,
			probability: n.probability,
			effect: e
		};
	}
	if (t.head === void 0 || t.encoder) return null;
	let r = e.head_effects.find((e) => e.layer === t.layer && e.head === t.head && (e.cross ?? !1) === hn(t));
	return r ? {
		...r,
		effect: null
	} : null;
}
function Nc(e, t) {
	if (t.encoder) return null;
	let { layer: n } = t;
	return (t.head === void 0 ? t.kind === "neuron" ? e.neurons.find((e) => e.layer === n && e.neuron === t.neuron && (e.expert ?? void 0) === t.expert) : e.sublayers.find((e) => e.kind === t.kind && e.layer === n) : e.heads.find((e) => e.cross === hn(t) && e.layer === n && e.head === t.head))?.zeroed ?? null;
}
function Pc({ reference: e, ledger: t, target: n }, { nats: r, probability: i }) {
	return e.kind === "versus" ? [F(t.value), F(t.value + r)] : Or(n.probability, i);
}
function Fc(e) {
	let t = [...new Set(e.map((e) => e.layer))].sort((e, t) => e - t), n = new Map(e.map((e) => [Ic(e), e]));
	return {
		layers: t,
		rows: [!1, !0].flatMap((t) => [...new Set(e.filter((e) => (e.cross ?? !1) === t).map((e) => e.head))].sort((e, t) => e - t).map((e) => ({
			name: `${t ? "X" : "H"}${e}`,
			at: (r) => n.get(Ic({
				layer: r,
				head: e,
				cross: t
			}))
		}))),
		largest: Math.max(0, ...e.map((e) => Math.abs(e.nats)))
	};
}
function Ic({ layer: e, head: t, cross: n }) {
	return `${e} ${t} ${n ?? !1}`;
}
function Lc(e) {
	return N(M(e));
}
// src/lib/figure/effects.ts
function Rc(e, t) {
	let { layers: n, rows: r, largest: i } = Fc(e.head_effects), a = (e, t) => -(r[t]?.at(n[e] ?? -1)?.nats ?? 0), o = n.length > 12 ? H : V, s = la(o, {
		columns: n.length,
		rows: r.length,
		colour: (e, t) => r[t]?.at(n[e] ?? -1) ? xi(a(e, t), i, !1) : null,
		negative: (e, t) => a(e, t) < -i / 20,
		words: (e, t) => F(-a(e, t)),
		columnName: (e) => String(n[e] ?? ""),
		rowName: (e) => r[e]?.name ?? "",
		columnLabel: "layer",
		rowLabel: "head",
		legend: Ma("falls without the head, nats", i)
	}), { target: c, reference: l } = e, u = l.kind === "versus" ? `the lead of “${Y(c.text)}” over “${Y(l.text ?? "")}”` : `the log-odds of “${Y(c.text)}”`;
	return J(o, [s], {
		shows: `Every head set to zero alone, where the question is asked: how far ${u} falls without it (hatched: it rises).`,
		made: e,
		asked: t,
		about: ga(c)
	});
}
function zc(e) {
	let t = e.reference.kind === "versus" ? "logit difference" : "log-odds";
	return {
		head: [
			"head",
			"layer",
			"effect_nats",
			"effect_of",
			"probability",
			"probability_without"
		],
		rows: e.head_effects.map((n) => [
			Lc(n),
			n.layer,
			n.nats,
			t,
			e.target.probability,
			n.probability
		])
	};
}
// src/panels/Effects.tsx
function Bc() {
	let e = Qt();
	return !e || e.head_effects.length === 0 ? null : /* @__PURE__ */ j(Z, {
		name: "effects",
		title: /* @__PURE__ */ j(b, { children: [
			"Every ",
			/* @__PURE__ */ j(Q, {
				name: "attention head",
				children: "head"
			}),
			" switched off"
		] }),
		note: /* @__PURE__ */ j(b, { children: [
			"The ",
			Wc(e) ? "lead" : "probability",
			" of ",
			Uc(e),
			" with one head at a time",
			" ",
			/* @__PURE__ */ j(Q, {
				name: "zeroed",
				children: "set to zero"
			}),
			". A cell chooses its head."
		] }),
		children: [/* @__PURE__ */ j(X, {
			name: "heads-switched-off",
			figure: (t) => Rc(e, t),
			table: () => zc(e),
			data: e
		}), /* @__PURE__ */ j(Vc, { tested: e })]
	});
}
function Vc({ tested: e }) {
	let t = k(), { layers: n, rows: r, largest: i } = Fc(e.head_effects), a = (e, t) => r[t]?.at(n[e] ?? -1), o = t.at.selection.value, s = r.flatMap((e, t) => n.map((e, n) => [n, t])), c = ([e, t]) => Math.abs(a(e, t)?.nats ?? 0), l = s.reduce((e, t) => c(t) > c(e) ? t : e, [0, 0]);
	return /* @__PURE__ */ j(b, { children: [
		/* @__PURE__ */ j(qa, {
			label: `Effect of zeroing each head on ${Uc(e)}, by head and layer`,
			columns: n.length,
			rows: r.length,
			height: r.length > 16 ? 12 : 16,
			colour: (e, t) => {
				let n = a(e, t);
				return n ? xi(-n.nats, i) : null;
			},
			rest: l,
			tell: (t, n) => Hc(e, a(t, n)),
			rowName: (e) => r[e]?.name ?? "",
			columnName: (e) => `L${n[e]}`,
			marked: (e, t) => {
				let n = a(e, t);
				return n !== void 0 && o !== null && fn(M(n), o);
			},
			onChoose: (e, n) => {
				let r = a(e, n);
				r && t.select(M(r));
			}
		}),
		/* @__PURE__ */ j(io, {
			kind: "sign",
			low: `rises by ${P(i)} nats without it`,
			high: `falls by ${P(i)} nats without it`,
			middle: "no change"
		}),
		/* @__PURE__ */ j(so, {
			label: "effect of zeroing each head",
			head: [
				"head",
				"nats",
				Uc(e)
			],
			rows: () => [...e.head_effects].sort((e, t) => Math.abs(t.nats) - Math.abs(e.nats)).map((t) => [
				Lc(t),
				F(t.nats),
				Pc(e, t).join(" → ")
			])
		})
	] });
}
function Hc(e, t) {
	if (!t) return "";
	let [n, r] = Pc(e, t);
	return `${Lc(t)}: ${Uc(e)} ${n} → ${r} without it (${F(t.nats)} nats)`;
}
function Uc({ target: e }) {
	return R(e.text.trim() || e.text);
}
function Wc({ reference: e }) {
	return e.kind === "versus";
}
// src/lib/flow.ts
var Gc = 60;
function Kc(e, t, n = Gc) {
	let r = /* @__PURE__ */ new Map([[qc, Jc(e)]]), i = /* @__PURE__ */ new Map(), a = [], o = [], s = [...e.paths].sort((e, t) => Math.abs(t.value) - Math.abs(e.value));
	for (let c of s) {
		if (Math.abs(c.value) < t * Math.abs(e.value)) break;
		let s = [Yc(c), ...c.steps.map(Xc)], l = s.filter((e) => !r.has(e.id));
		if (r.size + l.length > n) break;
		for (let e of l) r.set(e.id, e);
		let u = [...s.map((e) => e.id), qc];
		u.slice(1).forEach((e, t) => {
			let n = u[t], r = i.get(`${n} ${e}`) ?? {
				from: n,
				to: e,
				value: 0
			};
			i.set(`${n} ${e}`, {
				...r,
				value: r.value + c.value
			});
		}), a.push(c), o.push(u);
	}
	return {
		nodes: [...r.values()],
		edges: [...i.values()],
		paths: a,
		along: o,
		remainder: {
			count: e.paths.length - a.length + e.small_count,
			value: e.value - es(a.map((e) => e.value))
		}
	};
}
var qc = "output";
function Jc(e) {
	let { position: t, model: n } = e;
	return {
		id: qc,
		label: "",
		position: t,
		ofSource: !1,
		height: n.layers,
		carries: !1,
		source: null,
		part: null
	};
}
function Yc(e) {
	let { kind: t, layer: n, position: r } = e, i = e.of_source ?? !1, a = i && !t.startsWith("cross"), o = n === null ? -1 : n + (t.startsWith("cross") ? .3 : .6);
	return {
		id: `${xn(t, a)} ${n} ${r}`,
		label: xn(Sn({
			kind: t,
			layer: n
		}), a),
		position: r,
		ofSource: i,
		height: el(o, a),
		carries: !1,
		source: null,
		part: t === "mlp" && n !== null ? {
			kind: "mlp",
			layer: n,
			...a ? { encoder: a } : {}
		} : null
	};
}
function Xc(e) {
	let { layer: t, head: n, source: r, destination: i } = e, a = e.encoder ?? !1, o = M(e);
	return {
		id: `${xn(o.kind, a)} ${t} ${n} ${r} ${i}`,
		label: N(o),
		position: i,
		ofSource: a,
		height: el(t + (e.cross ? .4 : .2), a),
		carries: !0,
		source: {
			ofSource: a || (e.cross ?? !1),
			position: r
		},
		part: o
	};
}
function Zc(e, t) {
	let n = e.along.map((t, n) => ({
		ids: t,
		path: e.paths[n]
	})).filter(({ ids: e }) => e.includes(t)), r = n.flatMap(({ ids: e }) => e.slice(1).map((t, n) => `${e[n]} ${t}`));
	return {
		paths: n.map(({ path: e }) => e),
		value: es(n.map(({ path: e }) => e.value)),
		lit: /* @__PURE__ */ new Set([...n.flatMap(({ ids: e }) => e), ...r])
	};
}
function Qc(e, t) {
	let n = (t) => e.filter((e) => e.label === t).length > 1;
	return new Map(e.map((e) => e.source && n(e.label) ? [e.id, `${e.label} from ${t(e.source)}`] : [e.id, e.label.endsWith("embedding") ? `${e.label} ${t(e)}` : e.label]));
}
var $c = -1e6;
function el(e, t) {
	return t ? $c + e : e;
}
function tl(e) {
	return [...new Map(e.map(({ ofSource: e, position: t }) => [nl({
		ofSource: e,
		position: t
	}), {
		ofSource: e,
		position: t
	}])).values()].sort((e, t) => Number(t.ofSource) - Number(e.ofSource) || e.position - t.position);
}
function nl({ ofSource: e, position: t }) {
	return `${e ? "source" : "prompt"} ${t}`;
}
function rl(e, { ofSource: t, position: n }) {
	return t ? { text: e.sources?.[n]?.label ?? "" } : e.tokens[n];
}
function il(e, t) {
	let n = Yc(e), r = e.steps.map(Xc).map((e) => ` → ${e.label} (to ${e.position} ${t(e)})`);
	return `${n.label} at ${e.position} ${t(n)}${r.join("")}`;
}
// src/lib/route.ts
var al = 24, ol = 24, sl = 24, cl = 4;
function ll(e, t, n, r = Infinity) {
	let i = {
		x: (e.x + t.x) / 2,
		y: (e.y + t.y) / 2
	};
	for (let a = 0; a <= sl; a++) for (let o of a === 0 ? [0] : [1, -1]) {
		let s = {
			x: i.x + o * a * ol,
			y: i.y
		};
		if (dl(e, s, t, n, r)) return s;
	}
	return i;
}
function ul(e, t, n, r) {
	let [i, a, o] = [
		(1 - r) ** 2,
		2 * r * (1 - r),
		r ** 2
	];
	return {
		x: i * e.x + a * t.x + o * n.x,
		y: i * e.y + a * t.y + o * n.y
	};
}
function dl(e, t, n, r, i) {
	for (let a = 1; a < al; a++) {
		let o = ul(e, t, n, a / al);
		if (o.x > i || Number.isFinite(i) && o.x < 0 || r.some((e) => fl(o, e))) return !1;
	}
	return !0;
}
function fl({ x: e, y: t }, n) {
	return Math.abs(e - n.x) < n.width / 2 + cl && Math.abs(t - n.y) < n.height / 2 + cl;
}
// src/lib/layout.ts
var pl = 34, ml = 20, hl = 6.6, gl = 18, _l = 46, vl = 90, yl = 420;
function bl(e, t, n = 0) {
	let r = [...new Set(e.map((e) => e.height))].sort((e, t) => t - e), i = tl(e), a = (e) => Math.max((t.get(e.id) ?? "").length * hl + 12, 34), o = (e) => es(e.map((e) => a(e) + gl)), s = i.map((t) => e.filter((e) => nl(e) === nl(t))), c = (e) => r.flatMap((t, n) => [!0, !1].map((r) => ({
		level: n,
		side: r ? -1 : 1,
		row: e.filter((e) => e.height === t && e.carries === r)
	}))), l = s.map((e) => {
		let t = gl + Math.max(...c(e).map(({ row: e }) => o(e))), n = e.length === 1 ? 1 : 2;
		return Math.max(vl, e.length > r.length / 2 ? yl : 0, n * t);
	}), u = es(l), d = Math.max(1, n / u), f = /* @__PURE__ */ new Map(), p = [], m = 0;
	return i.forEach((e, t) => {
		let n = s[t] ?? [], i = (l[t] ?? 0) * d;
		p.push({
			column: e,
			x: m,
			width: i
		});
		for (let { level: e, side: t, row: s } of c(n)) {
			let c = Math.min(i / 2 * Math.sqrt(e / r.length), i / 2 - o(s)), l = Math.max(gl, c);
			for (let r of s) {
				let o = a(r), s = r.id === "output" || n.length === 1 ? 0 : l + o / 2;
				f.set(r.id, {
					x: m + i / 2 + t * s,
					y: e * pl + ml,
					width: o,
					height: ml
				}), l += o + gl;
			}
		}
		m += i;
	}), {
		boxes: f,
		bands: p,
		width: Math.max(u, n),
		height: r.length * pl + _l
	};
}
function xl({ boxes: e, bands: t, width: n, height: r }, i, a) {
	let o = [...e].map(([e, t]) => [e, {
		x: a + t.x * i,
		y: t.y * i,
		width: t.width * i,
		height: t.height * i
	}]);
	return {
		boxes: new Map(o),
		bands: t.map((e) => ({
			...e,
			x: a + e.x * i,
			width: e.width * i
		})),
		width: a + n * i,
		height: r * i
	};
}
function Sl(e, t, { boxes: n, width: r }) {
	let [i, a] = [n.get(e), n.get(t)];
	if (!i || !a) return "";
	let o = [...n].flatMap(([n, r]) => n === e || n === t ? [] : [r]), [s, c] = [{
		x: i.x,
		y: i.y - i.height / 2
	}, {
		x: a.x,
		y: a.y + a.height / 2
	}], l = [
		s,
		ll(s, c, o, r),
		c
	].map(({ x: e, y: t }) => `${Number(e.toFixed(2))},${Number(t.toFixed(2))}`);
	return `M${l[0]} Q${l[1]} ${l[2]}`;
}
// src/lib/figure/flow.ts
var Cl = 10, wl = 320;
function Tl(e, t, n) {
	let r = (t) => z(rl(e, t)), i = [...t.paths.slice(0, Cl).map((e) => ({
		name: il(e, r),
		value: e.value,
		number: F(e.value)
	}))], a = Jo(i.map((e) => e.value), "logits", (e) => F(e, 1)), o = [Ol(e, t), ...i.length > 0 ? [Ho(H, {
		rows: i,
		axis: a,
		names: wl
	})] : []], { remainder: s } = t;
	return J(H, o, {
		shows: `Paths from where something is written to ${_a(e.target, e.reference)} (${F(e.value)}): solid raises it, dashed lowers it, wider is more. ${t.paths.length} paths are drawn; ${s.count} others, constants and unopened heads (net) carry ${F(s.value)}.`,
		made: e,
		asked: n,
		about: ga(e.target)
	});
}
var El = 480, Dl = .7;
function Ol(e, t) {
	let n = (t) => z(rl(e, t)), r = Qc(t.nodes, n).set("output", `${Y(e.target.text)} ${F(e.value)}`), i = bl(t.nodes, r), a = Math.min(Dl, H / i.width, El / i.height), o = xl(i, a, (H - i.width * a) / 2), s = Math.max(0, ...t.edges.map((e) => Math.abs(e.value))), c = [
		...t.edges.map((e) => Al(e, Sl(e.from, e.to, o), s)),
		...t.nodes.map((e) => kl(e, r.get(e.id) ?? e.label, o.boxes.get(e.id), a)),
		...o.bands.map(({ column: e, x: t, width: r }) => G(t + r / 2, o.height - 6, `${xn(String(e.position), e.ofSource)} ${n(e)}`, {
			size: 12 * a,
			anchor: "middle",
			bold: !0
		}))
	];
	return {
		height: o.height,
		body: c.join("\n")
	};
}
function kl(e, t, { x: n, y: r, width: i, height: a }, o) {
	let s = {
		rx: e.carries ? a / 2 : 1,
		fill: "#fff",
		stroke: Ti,
		"stroke-width": .6
	};
	return K(n - i / 2, r - a / 2, i, a, s) + G(n, r + 4 * o, t, {
		size: 11 * o,
		anchor: "middle",
		bold: e.label === ""
	});
}
function Al({ value: e }, t, n) {
	return Ai("path", {
		d: t,
		fill: "none",
		stroke: e < 0 ? Oi : Di,
		"stroke-width": .6 + 4 * (n > 0 ? Math.abs(e) / n : 0),
		"stroke-dasharray": e < 0 ? "4 3" : void 0,
		"stroke-opacity": .8
	});
}
function jl(e) {
	let t = (t) => rl(e, t)?.text ?? "";
	return {
		head: [
			"path",
			"starts_at",
			"layer",
			"position",
			"of_source",
			"heads",
			"logits"
		],
		rows: e.paths.map((e) => [
			il(e, t),
			e.kind,
			e.layer,
			e.position,
			String(e.of_source ?? !1),
			e.steps.map((e) => `${xn(`L${e.layer}.${e.cross ? "X" : "H"}${e.head}`, e.encoder ?? !1)}`).join(" "),
			e.value
		])
	};
}
// src/panels/Flow.tsx
var Ml = .8;
function Nl() {
	let e = k(), t = e.explained.value, n = e.followed(), { answer: r, result: i, stale: a } = Wt(n ? {
		ask: "paths",
		...n
	} : null), o = O(2);
	return /* @__PURE__ */ j("div", {
		class: "flow-place",
		children: t ? /* @__PURE__ */ j(Z, {
			name: "flow",
			title: "Paths",
			note: /* @__PURE__ */ j(b, { children: [/* @__PURE__ */ j(Q, {
				name: "path",
				children: "Paths"
			}), " from where something is written, through heads, to the prediction. A band is a token; layers go up. Solid orange raises, dashed purple lowers; the wider, the more."] }),
			children: [
				e.reads() === null ? null : /* @__PURE__ */ j("p", {
					class: "note",
					children: "Columns with the mark “enc.” are positions of the source; paths start in the encoder (enc.) and cross to the prompt by heads of cross-attention (X)."
				}),
				/* @__PURE__ */ j(B, { answer: r }),
				i ? /* @__PURE__ */ j("div", {
					class: a ? "stale" : "",
					children: [
						/* @__PURE__ */ j("label", {
							class: "controls",
							children: [
								"Paths of at least ",
								o.value,
								"% of the logit",
								" ",
								/* @__PURE__ */ j("input", {
									type: "range",
									min: .5,
									max: 10,
									step: .5,
									value: o.value,
									onInput: (e) => o.value = Number(e.currentTarget.value)
								})
							]
						}),
						/* @__PURE__ */ j(X, {
							name: "flow",
							figure: (e) => Tl(i, Kc(i, o.value / 100), e),
							table: () => jl(i),
							data: i
						}),
						/* @__PURE__ */ j(Pl, {
							payload: i,
							flow: Kc(i, o.value / 100)
						})
					]
				}) : null
			]
		}) : null
	});
}
function Pl({ payload: e, flow: t }) {
	let n = (t) => z(rl(e, t)), r = Ve(null), i = O(0), a = O(null);
	Ha(() => {
		i.value = r.current?.clientWidth ?? 0;
	});
	let o = Qc(t.nodes, n);
	o.set("output", `${L(e.target.text)} ${F(e.value)}`);
	let s = bl(t.nodes, o, i.value), { boxes: c, bands: l, width: u, height: d } = s, f = i.value > 0 ? Math.max(Ml, Math.min(1, i.value / u)) : 1;
	Be(() => {
		let e = r.current?.querySelector(".scroll");
		e && (e.scrollLeft = e.scrollWidth);
	}, [u * f]);
	let p = Math.max(0, ...t.edges.map((e) => Math.abs(e.value))), m = a.value !== null && c.has(a.value) ? a.value : null, h = m === null ? null : Zc(t, m), g = (e) => h && !h.lit.has(e) ? " faded" : "";
	return /* @__PURE__ */ j(b, { children: [
		/* @__PURE__ */ j("div", {
			ref: r,
			children: /* @__PURE__ */ j(oo, {
				label: "Flow graph",
				children: /* @__PURE__ */ j("svg", {
					class: "flow",
					width: u * f,
					height: d * f,
					viewBox: `0 0 ${u} ${d}`,
					children: [
						/* @__PURE__ */ j("title", { children: `${t.paths.length} paths to ${L(e.target.text)}` }),
						l.map((e, t) => /* @__PURE__ */ j("g", {
							class: "band-of-token",
							children: [
								/* @__PURE__ */ j("rect", {
									x: e.x,
									y: 0,
									width: e.width,
									height: d,
									class: t % 2 ? "odd" : ""
								}),
								/* @__PURE__ */ j("rect", {
									class: "token-node",
									x: e.x + 4,
									y: d - 26,
									width: e.width - 8,
									height: 20,
									rx: 4
								}),
								/* @__PURE__ */ j("text", {
									x: e.x + e.width / 2,
									y: d - 12,
									children: [
										xn(String(e.column.position), e.column.ofSource),
										" ",
										n(e.column)
									]
								})
							]
						}, nl(e.column))),
						t.edges.map((e) => {
							let t = `${e.from} ${e.to}`, n = p > 0 ? Math.abs(e.value) / p : 0;
							return /* @__PURE__ */ j("path", {
								class: `edge ${e.value < 0 ? "negative" : "positive"}${g(t)}`,
								d: Sl(e.from, e.to, s),
								"stroke-width": 1 + 6 * n,
								children: /* @__PURE__ */ j("title", { children: F(e.value) })
							}, t);
						}),
						t.nodes.map((e) => /* @__PURE__ */ j(Fl, {
							node: e,
							box: c.get(e.id),
							label: o.get(e.id) ?? e.label,
							faded: g(e.id),
							onOver: (t) => a.value = t ? e.id : null
						}, e.id))
					]
				})
			})
		}),
		/* @__PURE__ */ j("p", {
			class: "told",
			"aria-live": "polite",
			children: h && m !== null ? /* @__PURE__ */ j(b, { children: [
				/* @__PURE__ */ j("strong", { children: o.get(m) }),
				": ",
				h.paths.length,
				" of the paths run through it, together",
				" ",
				F(h.value),
				" logits.",
				" ",
				h.paths.slice(0, 3).map((e, t) => /* @__PURE__ */ j("span", {
					class: "chip",
					children: [
						il(e, n),
						" ",
						/* @__PURE__ */ j("span", {
							class: "small",
							children: F(e.value)
						})
					]
				}, t))
			] }) : "Point at a node, or go to it with Tab, to see what runs through it."
		}),
		/* @__PURE__ */ j("p", {
			class: "note",
			children: [
				t.paths.length,
				" paths carry ",
				F(es(t.paths.map((e) => e.value))),
				" of ",
				F(e.value),
				";",
				" ",
				/* @__PURE__ */ j("strong", { children: [
					t.remainder.count,
					" other paths, constants and unopened heads (net) ",
					F(t.remainder.value)
				] }),
				" ",
				"(",
				Dr(Math.abs(t.remainder.value / e.value)),
				" of the logit)."
			]
		}),
		/* @__PURE__ */ j(so, {
			label: "paths",
			head: ["path", "logits"],
			rows: () => [...t.paths.map((e) => [il(e, n), F(e.value)]), ["all others (net)", F(t.remainder.value)]]
		})
	] });
}
function Fl({ node: e, box: t, label: n, faded: r, onOver: i }) {
	let a = k(), { part: o } = e, s = o !== null && fn(o, a.at.selection.value), c = (e) => {
		i(e), a.hovered.value = e ? o : null;
	}, l = () => {
		o && a.select(s ? null : o);
	}, u = o !== null && fn(o, a.hovered.value);
	return /* @__PURE__ */ j("g", {
		class: `spot${o ? " choosable" : ""}${u ? " hovered" : ""}${r}`,
		role: "button",
		tabIndex: 0,
		"aria-pressed": s,
		"aria-label": n,
		onClick: l,
		onKeyDown: (e) => {
			(e.key === "Enter" || e.key === " ") && (l(), e.preventDefault());
		},
		onMouseEnter: () => c(!0),
		onMouseLeave: () => c(!1),
		onFocus: () => c(!0),
		onBlur: () => c(!1),
		children: [/* @__PURE__ */ j("rect", {
			x: t.x - t.width / 2,
			y: t.y - t.height / 2,
			width: t.width,
			height: t.height,
			rx: e.carries ? 9 : 2
		}), /* @__PURE__ */ j("text", {
			x: t.x,
			y: t.y + 4,
			children: n
		})]
	});
}
// src/panels/Generation.tsx
var Il = 12;
function Ll() {
	let e = k(), t = e.continued, { a: n, source: r } = e.state.value, i = {
		ask: "generate",
		...vs({
			prompt: n,
			source: r
		}),
		tokens: Il
	}, a = e.data.host === "report", o = a && e.desk.peek(i) ? i : t.value, s = Ht(o && zl(o, i, e.desk.peek(o)) ? o : null);
	return !e.explained.value || a && !o ? null : /* @__PURE__ */ j(Z, {
		name: "generation",
		title: "Generation",
		note: "What the model writes next, taking the top token each time.",
		children: [
			a ? null : /* @__PURE__ */ j("button", {
				type: "button",
				onClick: () => t.value = i,
				children: [
					"Continue by ",
					Il,
					" tokens"
				]
			}),
			/* @__PURE__ */ j(B, { answer: s }),
			s?.result ? /* @__PURE__ */ j(Bl, { result: s.result }) : null,
			s?.result ? /* @__PURE__ */ j(Rl, { result: s.result }) : null
		]
	});
}
function Rl({ result: e }) {
	return /* @__PURE__ */ j(X, {
		name: "continuation",
		figure: (t) => xs(e, t),
		table: () => Ss(e),
		data: e
	});
}
function zl(e, t, n) {
	return [e.prompt, n?.whole].includes(t.prompt) && e.source === t.source;
}
function Bl({ result: e }) {
	let t = k(), { whole: n } = e, r = t.data.host === "report", { position: i, target: a } = t.state.value;
	return /* @__PURE__ */ j(b, { children: [n === null ? /* @__PURE__ */ j("p", {
		class: "note",
		children: "No text has exactly these tokens, so they cannot be explained one by one."
	}) : null, /* @__PURE__ */ j("ol", {
		class: "strip",
		children: e.generated.map((e) => /* @__PURE__ */ j("li", { children: /* @__PURE__ */ j("button", {
			type: "button",
			class: "token",
			title: "Why this token?",
			"aria-pressed": i === e.position - 1 && a === tr(e),
			disabled: n === null || r,
			onClick: () => t.set({
				view: "why",
				a: n ?? "",
				position: e.position - 1,
				target: tr(e)
			}),
			children: [/* @__PURE__ */ j($, { text: e.text }), /* @__PURE__ */ j("span", {
				class: "index",
				children: I(e.probability)
			})]
		}) }, e.position))
	})] });
}
// src/lib/figure/knew.ts
var Vl = 46, Hl = V - 6, Ul = 112;
function Wl(e, t) {
	let n = `“${Y(e.target.text)}”`;
	return J(V, [Gl(e)], {
		shows: `Rank of ${n} in what the stream would predict after each layer, by the logit lens; 1 is the top prediction.`,
		made: e,
		asked: t,
		about: ga(e.target)
	});
}
function Gl({ lens: e, target: t }) {
	let n = Math.max(1, Math.ceil(Math.log10(Math.max(1, ...e.map((e) => e.rank))))), r = (t) => Vl + t * (Hl - Vl) / Math.max(e.length - 1, 1), i = (e) => Ul - Math.log10(e) / n * 104, a = Array.from({ length: n + 1 }, (e, t) => 10 ** t), o = [
		1,
		2,
		5,
		10
	].find((t) => e.length / t <= 12) ?? 20;
	return {
		height: 135,
		body: [
			...a.map((e) => Ri(Vl, i(e), Hl, i(e), { stroke: Ei })),
			...a.map((e) => G(41, i(e) + 2.4, e.toLocaleString("en"), {
				size: W,
				anchor: "end",
				fill: U
			})),
			Ri(Vl, Ul, Hl, Ul, { stroke: Ti }),
			...e.map((e, t) => e.layer === null || e.layer % o === 0 && (e.layer > 0 || o === 1) ? Ri(r(t), Ul, r(t), 114.5, { stroke: Ti }) + G(r(t), 121.5, e.layer === null ? "emb" : String(e.layer), {
				size: W,
				anchor: "middle",
				fill: U
			}) : ""),
			Ai("polyline", {
				points: e.map((e, t) => `${r(t).toFixed(2)},${i(e.rank).toFixed(2)}`).join(" "),
				fill: "none",
				stroke: Di,
				"stroke-width": 1.4,
				"stroke-linejoin": "round"
			}),
			...e.map((e, t) => Ai("circle", {
				cx: r(t),
				cy: i(e.rank),
				r: 1.6,
				fill: Di
			})),
			G((Vl + Hl) / 2, 132, "read after layer (emb: the embedding)", {
				size: W + .5,
				anchor: "middle"
			}),
			G(8, 60, `rank of ${Y(t.text)} (log)`, {
				size: W + .5,
				anchor: "middle",
				turn: -90
			})
		].join("\n")
	};
}
function Kl({ lens: e }) {
	return {
		head: [
			"layer",
			"rank",
			"probability",
			"kl_nats",
			"top_token",
			"top_probability"
		],
		rows: e.map((e) => [
			va(e.layer),
			e.rank,
			e.probability,
			e.kl,
			e.top.text,
			e.top_probability
		])
	};
}
// src/panels/Knew.tsx
var ql = 360, Jl = 150, Yl = 44, Xl = 14, Zl = new Intl.NumberFormat("en", { notation: "compact" });
function Ql() {
	let e = k().explained.value, t = Qt();
	return !e || e.lens.length === 0 ? null : /* @__PURE__ */ j(Z, {
		name: "knew",
		title: "When it knew",
		note: `Rank of ${R(e.target.text)} in what the stream would predict after each layer (1 is the top).`,
		children: [
			/* @__PURE__ */ j(X, {
				name: "rank-by-layer",
				figure: (t) => Wl(e, t),
				table: () => Kl(e),
				data: e
			}),
			/* @__PURE__ */ j(eu, {
				explained: e,
				tested: t
			}),
			/* @__PURE__ */ j(so, {
				label: "rank by layer",
				head: [
					"layer",
					"rank",
					"probability",
					"top token"
				],
				rows: () => e.lens.map((e) => [
					$l(e.layer),
					`${e.rank}`,
					I(e.probability),
					/* @__PURE__ */ j("bdi", { children: R(e.top.text) }, "top")
				])
			})
		]
	});
}
function $l(e) {
	return e === null ? "embedding" : `L${e}`;
}
function eu({ explained: e, tested: t }) {
	let n = e.lens, r = Math.max(1, Math.ceil(Math.log10(Math.max(...n.map((e) => e.rank))))), i = (e) => Yl + e * 304 / Math.max(n.length - 1, 1), a = (e) => 128 - Math.log10(e) / r * 114, o = tu(e, t), s = Array.from({ length: r + 1 }, (e, t) => 10 ** t).filter((e, t) => r <= 3 || t % 2 == 0 || t === r);
	return /* @__PURE__ */ j("svg", {
		class: "curve",
		viewBox: `0 0 ${ql} ${Jl}`,
		role: "img",
		"aria-label": "Rank of the target by layer",
		children: [
			s.map((e) => /* @__PURE__ */ j("g", { children: [/* @__PURE__ */ j("line", {
				x1: Yl,
				x2: 348,
				y1: a(e),
				y2: a(e),
				class: "grid-line"
			}), /* @__PURE__ */ j("text", {
				x: 38,
				y: a(e) + 4,
				"text-anchor": "end",
				children: e === 1 ? "top, 1" : Zl.format(e)
			})] }, e)),
			/* @__PURE__ */ j("polyline", { points: n.map((e, t) => `${i(t)},${a(e.rank)}`).join(" ") }),
			o.map(({ place: e, text: t }, r) => {
				let o = e > n.length / 2;
				return /* @__PURE__ */ j("g", { children: [/* @__PURE__ */ j("circle", {
					cx: i(e),
					cy: a(n[e]?.rank ?? 1),
					r: 4
				}), /* @__PURE__ */ j("text", {
					class: "strong",
					x: i(e) + (o ? -9 : 9),
					y: Math.max(Xl, a(n[e]?.rank ?? 1) + (r === 0 && n[e]?.rank !== 1 ? 12 : -8)),
					"text-anchor": o ? "end" : "start",
					children: t
				})] }, e);
			}),
			/* @__PURE__ */ j("text", {
				x: Yl,
				y: 145,
				children: "embedding"
			}),
			/* @__PURE__ */ j("text", {
				x: 348,
				y: 145,
				"text-anchor": "end",
				children: ["layer ", n.at(-1)?.layer]
			})
		]
	});
}
function tu(e, t) {
	let n = e.lens, r = t?.answer.part ? vn(t.answer.part) : null, i = [], a = r && !r.encoder ? n.findIndex((e) => e.layer === r.layer) : -1;
	a >= 0 && i.push({
		place: a,
		text: `after ${t?.answer.part}: ${n[a]?.rank.toLocaleString("en")}`
	});
	let o = n.length;
	for (; o > 0 && n[o - 1]?.rank === 1;) o--;
	return o < n.length && o !== a && i.push({
		place: o,
		text: `top from ${$l(n[o]?.layer ?? null)} on`
	}), i;
}
// src/lib/figure/knowledge.ts
var nu = 12;
function ru(e, t) {
	let n = Nn(e), r = e.layers.map((e) => e.sum ?? 0), i = e.attributions.slice(0, nu).map((e) => ({
		name: Pn(e),
		value: e.value,
		number: F(e.value, 3)
	})), a = Jo(i.map((e) => e.value), "attribution of the strongest neurons, probability", (e) => F(e, 2)), o = Y(e.target.map((e) => e.text).join(""));
	return J(V, [...n.map((e) => ou(e, r)), ...i.length > 0 ? [Ho(V, {
		rows: i,
		axis: a
	})] : []], {
		shows: `Knowledge attribution: how much of the probability of “${o}” the neurons of each layer are worth (above), and the strongest neurons (below), from ${e.baseline === "zero" ? "no activation" : "the mean activation"} to their own. Hatched: lowers it.`,
		made: e,
		asked: t,
		about: `Answer: “${o}” (${I(e.probability)}).`
	});
}
var iu = 40, au = 84;
function ou({ layers: e, encoder: t }, n) {
	let [r, i] = [Math.min(0, ...n), Math.max(1e-9, ...n)], a = (e) => 4 + (i - e) / (i - r) * au, o = (V - iu) / Math.max(e.length, 1), s = Math.ceil(10 / o);
	return {
		height: 110,
		body: [
			...qo({
				low: r,
				high: i
			}).map((e) => Ri(iu, a(e), V, a(e), { stroke: e === 0 ? Ti : Ei }) + G(36, a(e) + 2.3, F(e, 2), {
				size: W,
				anchor: "end",
				fill: U
			})),
			...e.map(({ sum: e, layer: t }, n) => {
				let r = e ?? 0, i = iu + n * o, c = n % s === 0 ? G(i + o / 2, 97, String(t), {
					size: W,
					anchor: "middle",
					fill: U
				}) : "";
				return Bi(i + o * .1, Math.min(a(r), a(0)), o * .8, Math.abs(a(r) - a(0)), r < 0) + c;
			}),
			G((iu + V) / 2, 107, t ? "layer of the encoder" : "layer", {
				size: W + .5,
				anchor: "middle"
			}),
			G(7, 46, "probability", {
				size: W + .5,
				anchor: "middle",
				turn: -90
			})
		].join("\n")
	};
}
function su(e) {
	return {
		head: [
			"part",
			"of",
			"attribution",
			"change_of_probability",
			"error",
			"activation"
		],
		rows: [...e.layers.map(({ layer: e, encoder: t, sum: n, change: r, error: i }) => [
			xn(`L${e}`, t ?? !1),
			"layer",
			n,
			r,
			i,
			null
		]), ...e.attributions.map((e) => [
			Pn(e),
			"neuron",
			e.value,
			null,
			null,
			e.activation
		])]
	};
}
// src/panels/FactChoice.tsx
function cu({ facts: e }) {
	let t = k();
	return /* @__PURE__ */ j("p", { children: [
		"This asks for a known fact in other words. Find the neurons of",
		" ",
		e.slice(0, 3).map((e) => /* @__PURE__ */ j("button", {
			type: "button",
			onClick: () => t.set({
				a: e.prompt,
				position: null,
				target: null,
				knowledge: jn
			}),
			children: [
				e.relation,
				" of ",
				e.subject,
				": ",
				e.answer
			]
		}, `${e.relation} ${e.subject}`)),
		" ",
		"with the prompts that are known to ask for it."
	] });
}
function lu({ list: e, open: t }) {
	let n = k(), r = O(0), i = O(0), a = e.relations[r.value]?.facts ?? [], o = a[i.value];
	return /* @__PURE__ */ j("details", {
		open: t,
		children: [/* @__PURE__ */ j("summary", { children: "Choose a known fact" }), /* @__PURE__ */ j("p", {
			class: "controls",
			children: [
				/* @__PURE__ */ j("label", { children: [
					"Relation",
					" ",
					/* @__PURE__ */ j("select", {
						value: r.value,
						onChange: (e) => {
							r.value = Number(e.currentTarget.value), i.value = 0;
						},
						children: e.relations.map((e, t) => /* @__PURE__ */ j("option", {
							value: t,
							children: [e.name, e.description ? ` (${e.description})` : ""]
						}, e.name))
					})
				] }),
				/* @__PURE__ */ j("label", { children: [
					"Fact",
					" ",
					/* @__PURE__ */ j("select", {
						value: i.value,
						onChange: (e) => i.value = Number(e.currentTarget.value),
						children: a.map((e, t) => /* @__PURE__ */ j("option", {
							value: t,
							children: [
								e.subject,
								": ",
								e.answer
							]
						}, e.subject))
					})
				] }),
				/* @__PURE__ */ j("button", {
					type: "button",
					disabled: !o,
					onClick: () => o && n.set({
						a: o.prompt,
						position: null,
						target: null
					}),
					children: "Take its prompt"
				})
			]
		})]
	});
}
function uu() {
	let e = k(), t = O(""), n = O(""), r = In(t.value);
	return /* @__PURE__ */ j("details", { children: [
		/* @__PURE__ */ j("summary", { children: "Or write prompts of your own" }),
		/* @__PURE__ */ j("label", {
			class: "stacked",
			children: ["More prompts that end right before the same answer, one a line", /* @__PURE__ */ j("textarea", {
				rows: 3,
				value: t.value,
				dir: "auto",
				onInput: (e) => t.value = e.currentTarget.value
			})]
		}),
		/* @__PURE__ */ j("p", {
			class: "controls",
			children: [/* @__PURE__ */ j("label", { children: [
				"Subject",
				" ",
				/* @__PURE__ */ j("input", {
					type: "text",
					value: n.value,
					placeholder: "for an update by ROME",
					onInput: (e) => n.value = e.currentTarget.value
				})
			] }), /* @__PURE__ */ j("button", {
				type: "button",
				disabled: r.length === 0,
				onClick: () => e.set({ knowledge: {
					...jn,
					prompts: r,
					subject: n.value.trim()
				} }),
				children: "Find the neurons of this fact"
			})]
		})
	] });
}
// src/panels/FactEdit.tsx
var du = {
	update: "update to another answer",
	erase: "erase the relation",
	suppress: "suppress these neurons",
	amplify: "amplify these neurons"
}, fu = {
	rome: "ROME (a layer)",
	value: "value rows of these neurons"
};
function pu({ found: e, list: t }) {
	let n = k(), r = n.at.knowledge.value, i = n.followed(), a = r?.edit ?? null, o = Ln(e), s = a?.action === "erase" ? o.shared : o[Rn(o, r?.set ?? null)], c = Ht(a && r && i ? Wn(r, a, i, s) : null);
	if (!r || n.data.host === "report" && !a) return null;
	let [l] = e.facts, u = l?.target.map((e) => e.text).join("") ?? "", d = {
		relation: e.relation,
		subject: r.prompts ? r.subject : l?.subject ?? "",
		answer: l?.answer ?? "",
		target: u,
		prompts: l?.prompts ?? []
	};
	return /* @__PURE__ */ j("fieldset", {
		class: "edit",
		children: [
			/* @__PURE__ */ j("legend", { children: "Edit the weights" }),
			n.data.host === "report" ? null : /* @__PURE__ */ j(mu, {
				own: r.prompts !== null,
				counts: {
					own: s.length,
					shared: o.shared.length
				}
			}),
			/* @__PURE__ */ j(B, { answer: c }),
			c?.result && a ? /* @__PURE__ */ j(b, { children: [/* @__PURE__ */ j(hu, {
				result: c.result,
				answer: d.answer
			}), /* @__PURE__ */ j(_u, {
				edit: a,
				fact: d,
				shipped: t.shipped && r.prompts === null,
				neurons: s.map((e) => N(dn(e)))
			})] }) : null
		]
	});
}
function mu({ own: e, counts: t }) {
	let n = k(), r = n.at.knowledge.value?.edit ?? null, i = O(r?.action ?? "update"), a = O(r?.to ?? ""), o = O(r?.method ?? "rome"), s = i.value === "update", c = i.value === "erase" ? t.shared : s && o.value === "rome" ? 1 : t.own, l = c > 0 && (!s || a.value.trim() !== "");
	return /* @__PURE__ */ j("form", {
		class: "controls",
		onSubmit: (e) => {
			e.preventDefault(), l && n.setKnowledge({ edit: {
				action: i.value,
				to: a.value.trim(),
				method: o.value
			} });
		},
		children: [
			/* @__PURE__ */ j("label", { children: [
				"Do",
				" ",
				/* @__PURE__ */ j("select", {
					value: i.value,
					onChange: (e) => i.value = e.currentTarget.value,
					children: On.filter((t) => !e || t !== "erase").map((e) => /* @__PURE__ */ j("option", {
						value: e,
						children: du[e]
					}, e))
				})
			] }),
			s ? /* @__PURE__ */ j(b, { children: [/* @__PURE__ */ j("label", { children: [
				"New answer",
				" ",
				/* @__PURE__ */ j("input", {
					type: "text",
					value: a.value,
					onInput: (e) => a.value = e.currentTarget.value
				})
			] }), /* @__PURE__ */ j("label", { children: [
				"By",
				" ",
				/* @__PURE__ */ j("select", {
					value: o.value,
					onChange: (e) => o.value = e.currentTarget.value,
					children: kn.map((e) => /* @__PURE__ */ j("option", {
						value: e,
						children: fu[e]
					}, e))
				})
			] })] }) : null,
			/* @__PURE__ */ j("button", {
				type: "submit",
				disabled: !l,
				children: "Edit and see"
			}),
			r ? /* @__PURE__ */ j("button", {
				type: "button",
				onClick: () => n.setKnowledge({ edit: null }),
				children: "Close"
			}) : null,
			c > 0 ? null : /* @__PURE__ */ j("span", {
				class: "note",
				children: "There are no such neurons: take a lower threshold."
			})
		]
	});
}
function hu({ result: e, answer: t }) {
	let { effects: n, control: r } = e, i = [
		[
			e.subject === null ? "the relation's facts" : `${t}, on the fact's prompts`,
			n.own,
			r?.own
		],
		[
			`${e.to}, on prompts of the edit`,
			n.new,
			r?.new
		],
		[
			`${e.to}, on unseen prompts`,
			n.unseen,
			r?.unseen
		],
		[
			"other facts of the relation",
			n.related,
			r?.related
		],
		[
			"facts of other relations",
			n.unrelated,
			r?.unrelated
		]
	];
	return /* @__PURE__ */ j("div", {
		"aria-live": "polite",
		children: [
			/* @__PURE__ */ j(oo, {
				label: "What the edited model says, a prompt a row",
				children: /* @__PURE__ */ j("table", { children: [
					/* @__PURE__ */ j("caption", { children: "What the model says first" }),
					/* @__PURE__ */ j("thead", { children: /* @__PURE__ */ j("tr", { children: [
						/* @__PURE__ */ j("th", {
							scope: "col",
							children: "prompt"
						}),
						/* @__PURE__ */ j("th", {
							scope: "col",
							children: "before"
						}),
						/* @__PURE__ */ j("th", {
							scope: "col",
							children: "edited"
						})
					] }) }),
					/* @__PURE__ */ j("tbody", { children: e.prompts.map((e) => /* @__PURE__ */ j("tr", { children: [
						/* @__PURE__ */ j("td", { children: [e.prompt, e.used ? /* @__PURE__ */ j("span", {
							class: "small",
							children: " (edit made with it)"
						}) : null] }),
						/* @__PURE__ */ j("td", { children: /* @__PURE__ */ j(gu, { said: e.before }) }),
						/* @__PURE__ */ j("td", { children: /* @__PURE__ */ j(gu, { said: e.after }) })
					] }, e.prompt)) })
				] })
			}),
			/* @__PURE__ */ j(oo, {
				label: "What the edit changes, by group of prompts",
				children: /* @__PURE__ */ j("table", { children: [
					/* @__PURE__ */ j("caption", { children: "The right (or new) answer, mean probability" }),
					/* @__PURE__ */ j("thead", { children: /* @__PURE__ */ j("tr", { children: [
						/* @__PURE__ */ j("th", {
							scope: "col",
							children: "answer"
						}),
						/* @__PURE__ */ j("th", {
							scope: "col",
							class: "number",
							children: "before"
						}),
						/* @__PURE__ */ j("th", {
							scope: "col",
							class: "number",
							children: "edited"
						}),
						/* @__PURE__ */ j("th", {
							scope: "col",
							class: "number",
							children: "first on"
						}),
						/* @__PURE__ */ j("th", {
							scope: "col",
							class: "number",
							children: "control"
						})
					] }) }),
					/* @__PURE__ */ j("tbody", { children: i.map(([e, t, n]) => t ? /* @__PURE__ */ j("tr", { children: [
						/* @__PURE__ */ j("th", {
							scope: "row",
							children: e
						}),
						/* @__PURE__ */ j("td", {
							class: "number",
							children: I(t.before)
						}),
						/* @__PURE__ */ j("td", {
							class: "number",
							children: I(t.after)
						}),
						/* @__PURE__ */ j("td", {
							class: "number",
							children: [
								t.top_before,
								" → ",
								t.top_after,
								" of ",
								t.prompts
							]
						}),
						/* @__PURE__ */ j("td", {
							class: "number",
							children: n ? I(n.after) : "—"
						})
					] }, e) : null) })
				] })
			}),
			/* @__PURE__ */ j("p", {
				class: "note",
				children: [
					"Perplexity of some text: ",
					P(e.perplexity ?? 0),
					" before, ",
					P(n.perplexity ?? 0),
					" edited. Control: the same edit",
					" ",
					e.neurons.length > 0 ? "of as many random neurons of the same layers" : "at a random key",
					". Some facts are asked, not all; the command asks more. The edit is undone: the page goes on with the model as it was."
				]
			}),
			e.notes.map((e) => /* @__PURE__ */ j("p", {
				class: "note",
				children: ["Note: ", e]
			}, e))
		]
	});
}
function gu({ said: e }) {
	return /* @__PURE__ */ j("span", {
		class: "chip",
		children: [
			/* @__PURE__ */ j($, { text: e.text }),
			" ",
			/* @__PURE__ */ j("span", {
				class: "small",
				children: I(e.probability)
			})
		]
	});
}
function _u(e) {
	let t = k().explained.value?.model.name ?? "", n = !e.shipped && e.edit.action !== "erase";
	return /* @__PURE__ */ j("details", { children: [
		/* @__PURE__ */ j("summary", { children: "Keep this edit in a file" }),
		n ? /* @__PURE__ */ j(b, { children: [/* @__PURE__ */ j("p", {
			class: "note",
			children: "Write this line to fact.jsonl:"
		}), /* @__PURE__ */ j(vu, {
			label: "The fact as a line of JSON",
			text: Bn(e.fact)
		})] }) : null,
		/* @__PURE__ */ j("p", {
			class: "note",
			children: "Then run this, and open it again with unembed open --edits edit.safetensors:"
		}),
		/* @__PURE__ */ j(vu, {
			label: "The command",
			text: Vn(e.edit, e.fact, e.shipped, e.neurons, t)
		})
	] });
}
function vu({ label: e, text: t }) {
	return /* @__PURE__ */ j(oo, {
		label: e,
		children: /* @__PURE__ */ j("pre", { children: /* @__PURE__ */ j("code", { children: t }) })
	});
}
// src/panels/Fact.tsx
var yu = [
	.2,
	.1,
	.05
], bu = 12, xu = {
	refined: "the fact's own",
	kept: "all that the fact keeps",
	shared: "the relation's"
};
function Su({ explained: e }) {
	let t = k(), n = t.at.knowledge.value, r = t.followed(), i = t.data.host === "report" && n === null, a = Ht(r && !i ? {
		ask: "facts",
		prompt: r.prompt
	} : null);
	return i ? /* @__PURE__ */ j("p", {
		class: "note",
		children: [
			"The neurons of a fact, and edits of it, were not kept in this report. Open the prompt with",
			" ",
			/* @__PURE__ */ j("code", { children: "unembed open" }),
			" to find and edit them."
		]
	}) : /* @__PURE__ */ j("section", {
		class: "fact",
		children: [
			/* @__PURE__ */ j("h3", { children: "The fact, and its neurons" }),
			/* @__PURE__ */ j(B, { answer: a }),
			a?.result ? /* @__PURE__ */ j(Cu, {
				list: a.result,
				explained: e
			}) : null,
			n && r && a?.result ? /* @__PURE__ */ j(Tu, { list: a.result }) : null
		]
	});
}
function Cu({ list: e, explained: t }) {
	let n = k(), r = n.at.knowledge.value, { stated: i } = e, a = n.data.host === "report", o = Mn(e, n.state.value.a, t.target.text);
	if (r?.prompts) return /* @__PURE__ */ j("p", { children: [
		"Your fact: ",
		r.prompts.length + 1,
		" prompts, answered with ",
		/* @__PURE__ */ j($, { text: t.target.text }),
		".",
		" ",
		/* @__PURE__ */ j(wu, {})
	] });
	let s = e.relations.reduce((e, t) => e + t.facts.length, 0);
	return /* @__PURE__ */ j(b, { children: [i ? /* @__PURE__ */ j("p", { children: [
		"This prompt states a known fact: ",
		i.relation,
		" of ",
		/* @__PURE__ */ j("strong", { children: i.subject }),
		" is",
		" ",
		/* @__PURE__ */ j("strong", { children: i.answer }),
		" (",
		i.prompts.length,
		" prompts ask for it).",
		" ",
		r ? /* @__PURE__ */ j(wu, {}) : /* @__PURE__ */ j("button", {
			type: "button",
			disabled: a,
			onClick: () => n.set({ knowledge: jn }),
			children: "Find its neurons"
		})
	] }) : o.length > 0 && !a ? /* @__PURE__ */ j(cu, { facts: o }) : /* @__PURE__ */ j("p", {
		class: "note",
		children: [
			"None of the ",
			s,
			" known facts is asked for in these words. The neurons of a fact are found from several prompts that ask for it: choose a known fact, or write more prompts."
		]
	}), a || r && i ? null : /* @__PURE__ */ j(b, { children: [/* @__PURE__ */ j(lu, {
		list: e,
		open: !i && o.length === 0
	}), i ? null : /* @__PURE__ */ j(uu, {})] })] });
}
function wu() {
	let e = k();
	return e.data.host === "report" ? null : /* @__PURE__ */ j("button", {
		type: "button",
		onClick: () => e.set({ knowledge: null }),
		children: "Close"
	});
}
function Tu({ list: e }) {
	let t = k(), n = t.at.knowledge.value, r = t.followed(), i = n && r && (n.prompts || e.stated) ? Un(n, r) : null, { answer: a, result: o, stale: s } = Wt(i), c = t.data.host === "report";
	return !n || !i ? null : /* @__PURE__ */ j(b, { children: [
		/* @__PURE__ */ j("p", {
			class: "controls",
			children: /* @__PURE__ */ j("label", { children: [
				"Count neurons above",
				" ",
				/* @__PURE__ */ j("select", {
					value: n.t,
					disabled: c,
					onChange: (e) => t.setKnowledge({
						t: Number(e.currentTarget.value),
						set: null
					}),
					children: [.../* @__PURE__ */ new Set([...yu, n.t])].map((e) => /* @__PURE__ */ j("option", {
						value: e,
						children: [
							e,
							" of the largest",
							e === .2 ? " (the paper's)" : ""
						]
					}, e))
				})
			] })
		}),
		/* @__PURE__ */ j(B, { answer: a }),
		a && !a.result && !a.error ? /* @__PURE__ */ j("p", {
			class: "note",
			children: "Each prompt of each compared fact is attributed; Close stops it."
		}) : null,
		o ? /* @__PURE__ */ j("div", {
			class: s ? "stale" : "",
			children: [/* @__PURE__ */ j(Eu, { found: o }), /* @__PURE__ */ j(pu, {
				found: o,
				list: e
			})]
		}) : null
	] });
}
function Eu({ found: e }) {
	let t = k(), n = t.at.knowledge.value, [r] = e.facts;
	if (!n || !r) return null;
	let i = Ln(e), a = Rn(i, n.set), o = e.facts.length - 1;
	return /* @__PURE__ */ j(b, { children: [
		/* @__PURE__ */ j("p", {
			class: "note",
			children: [
				o === 0 ? "No other fact is compared, so these may be neurons of the form of the question." : `Compared with ${o} other ${o === 1 ? "fact" : "facts"} of ${e.relation}.`,
				" ",
				"The model gives ",
				/* @__PURE__ */ j($, { text: r.answer }),
				" first on ",
				r.top.filter(Boolean).length,
				" of",
				" ",
				r.prompts.length,
				" prompts."
			]
		}),
		e.notes.map((e) => /* @__PURE__ */ j("p", {
			class: "note",
			children: ["Note: ", e]
		}, e)),
		/* @__PURE__ */ j("fieldset", { children: [/* @__PURE__ */ j("legend", { children: "Which neurons" }), An.map((e) => /* @__PURE__ */ j("div", {
			class: "choice",
			children: [
				/* @__PURE__ */ j("label", { children: [
					/* @__PURE__ */ j("input", {
						type: "radio",
						name: "neuron-set",
						checked: a === e,
						disabled: i[e].length === 0 || t.data.host === "report",
						onChange: () => t.setKnowledge({ set: e })
					}),
					" ",
					xu[e],
					": ",
					i[e].length
				] }),
				" ",
				/* @__PURE__ */ j(Du, { neurons: i[e] })
			]
		}, e))] }),
		i[a].length === 0 ? /* @__PURE__ */ j("p", {
			class: "note",
			children: "No neuron is above the threshold in enough prompts. Take a lower one."
		}) : /* @__PURE__ */ j(Ou, {
			neurons: i[a],
			target: r.target[0]?.id,
			whole: r.target.length === 1
		}),
		/* @__PURE__ */ j(so, {
			label: "prompts of the fact",
			head: [
				"prompt",
				"probability of the answer",
				"top prediction"
			],
			rows: () => r.prompts.map((e, t) => [
				e,
				I(r.probabilities[t] ?? 0),
				r.top[t] ? "yes" : "no"
			])
		})
	] });
}
function Du({ neurons: e }) {
	return /* @__PURE__ */ j("span", {
		class: "neurons",
		children: [e.slice(0, bu).map((e) => {
			let t = dn(e);
			return /* @__PURE__ */ j(ao, { part: t }, N(t));
		}), e.length > bu ? /* @__PURE__ */ j("span", {
			class: "small",
			children: [
				"and ",
				e.length - bu,
				" more"
			]
		}) : null]
	});
}
function Ou(e) {
	let t = k(), n = t.at.knowledge.value?.test ?? null, r = (e) => e === "zero" ? "Suppress (× 0)" : "Amplify (× 2)";
	return /* @__PURE__ */ j("fieldset", {
		class: "test",
		children: [
			/* @__PURE__ */ j("legend", { children: "At this prompt" }),
			/* @__PURE__ */ j("p", {
				class: "controls",
				children: ["zero", "double"].map((e) => /* @__PURE__ */ j("button", {
					type: "button",
					"aria-pressed": n === e,
					disabled: t.data.host === "report",
					onClick: () => t.setKnowledge({ test: n === e ? null : e }),
					children: r(e)
				}, e))
			}),
			n && e.target !== void 0 ? /* @__PURE__ */ j(Is, {
				tests: e.neurons.map((e) => ({
					part: dn(e),
					how: n
				})),
				target: e.target,
				note: `the activations of these ${e.neurons.length} neurons ${n === "zero" ? "set to 0" : "doubled"} where the answer is predicted`
			}) : null,
			n && !e.whole ? /* @__PURE__ */ j("p", {
				class: "note",
				children: "The answer has several tokens; the probability is of the first."
			}) : null
		]
	});
}
// src/panels/Knowledge.tsx
var ku = 12, Au = 100, ju = 12;
function Mu() {
	let e = k(), t = e.explained.value, n = e.followed(), { prompt: r, source: i, target: a } = n ?? {}, o = t !== null && t.position === t.asks, s = e.reads() === null, { answer: c, result: l, stale: u } = Wt(o && n ? {
		ask: "attribute",
		...vs({
			prompt: r,
			source: i,
			target: a
		}),
		top: Au
	} : null);
	return /* @__PURE__ */ j("div", { children: t ? /* @__PURE__ */ j(Z, {
		name: "knowledge",
		title: "Knowledge",
		note: `How much of the probability of ${R(t.target.text)} each layer's neurons are worth: attribution from no activation to the one they have. Each layer is moved alone, so the layers do not add up to the probability.`,
		children: [
			o ? null : /* @__PURE__ */ j("p", {
				class: "note",
				children: [
					"Knowledge is attributed ",
					t.model.bidirectional ? "at the blank" : "at the last token",
					"; choose it to see this panel."
				]
			}),
			/* @__PURE__ */ j(B, { answer: c }),
			l ? /* @__PURE__ */ j(Nu, {
				result: l,
				stale: u
			}) : null,
			o && s ? /* @__PURE__ */ j(Su, { explained: t }) : null
		]
	}) : null });
}
function Nu({ result: e, stale: t }) {
	let n = Nn(e), r = e.layers.map((e) => e.sum ?? 0), i = Math.max(0, ...e.attributions.map((e) => Math.abs(e.value)));
	return /* @__PURE__ */ j("div", {
		class: t ? "stale" : "",
		children: [
			/* @__PURE__ */ j(X, {
				name: "knowledge",
				figure: (t) => ru(e, t),
				table: () => su(e),
				data: e
			}),
			/* @__PURE__ */ j("div", {
				class: "side-by-side wide",
				children: [/* @__PURE__ */ j("div", { children: n.map((t) => /* @__PURE__ */ j("div", { children: [
					n.length > 1 ? /* @__PURE__ */ j("p", {
						class: "note",
						children: Pu(t, e)
					}) : null,
					/* @__PURE__ */ j(Ru, {
						stack: t,
						sums: r
					}),
					/* @__PURE__ */ j(zu, {
						stack: t,
						largest: i
					})
				] }, String(t.encoder))) }), /* @__PURE__ */ j(Bu, { neurons: e.attributions.slice(0, ku) })]
			}),
			/* @__PURE__ */ j(so, {
				label: "attribution by layer",
				head: [
					"layer",
					"sum of its neurons",
					"change of the probability",
					"error",
					"strongest neurons"
				],
				rows: () => n.flatMap((e) => {
					let t = Fn(e.neurons, e.layers.length);
					return e.layers.map((n, r) => [
						xn(`L${n.layer}`, e.encoder),
						n.sum === null ? "" : F(n.sum, 4),
						F(n.change, 4),
						n.error === null ? "" : P(n.error, 4),
						(t[r] ?? []).map((e) => `${Pn(e)} ${F(e.value, 3)}`).join(", ")
					]);
				})
			})
		]
	});
}
function Pu({ encoder: e }, { sources: t = [], source_positions: n = [] }) {
	return e ? n.length === t.length ? "The encoder (enc.), at every position of the source:" : `The encoder (enc.), at the blank of the source (${n.map((e) => `${e} ${R(t[e]?.label ?? "")}`).join(", ")}):` : "The decoder, where the answer is predicted:";
}
var Fu = 26, Iu = 300, Lu = 74;
function Ru({ stack: e, sums: t }) {
	let n = e.layers.map((e) => ({
		layer: e.layer,
		sum: e.sum ?? 0
	})), r = 274 / Math.max(n.length, 1), [i, a] = [Math.min(0, ...t), Math.max(1e-9, ...t)], o = (e) => 6 + (a - e) / (a - i) * Lu;
	return /* @__PURE__ */ j("svg", {
		class: "layers",
		viewBox: `0 0 ${Iu} 104`,
		role: "img",
		"aria-label": `Attribution by layer${e.encoder ? " of the encoder" : ""}; the table below has the numbers`,
		children: [
			qo({
				low: i,
				high: a
			}).map((e) => /* @__PURE__ */ j("g", { children: [/* @__PURE__ */ j("line", {
				x1: Fu,
				x2: Iu,
				y1: o(e),
				y2: o(e),
				class: e === 0 ? "axis" : "tick"
			}), /* @__PURE__ */ j("text", {
				x: 23,
				y: o(e) + 2.5,
				class: "end",
				children: F(e, 1)
			})] }, e)),
			n.map((t, i) => /* @__PURE__ */ j("g", { children: [
				/* @__PURE__ */ j("rect", {
					class: t.sum < 0 ? "negative" : "positive",
					x: Fu + i * r + 1,
					y: Math.min(o(t.sum), o(0)),
					width: Math.max(r - 2, 1),
					height: Math.abs(o(t.sum) - o(0))
				}),
				i % Math.ceil(n.length / 15) === 0 ? /* @__PURE__ */ j("text", {
					x: Fu + (i + .5) * r,
					y: 90,
					children: t.layer
				}) : null,
				/* @__PURE__ */ j("title", { children: `${xn(`L${t.layer}`, e.encoder)}: ${F(t.sum, 3)}` })
			] }, t.layer)),
			/* @__PURE__ */ j("text", {
				x: 163,
				y: 101,
				children: [e.encoder ? "layer of the encoder" : "layer", "; up: raises the probability, down: lowers it"]
			})
		]
	});
}
function zu({ stack: e, largest: t }) {
	let n = k(), r = Fn(e.neurons, e.layers.length), i = Math.min(ju, Math.max(0, ...r.map((e) => e.length))), a = (e, t) => r[e]?.[t], o = n.at.selection.value;
	return e.neurons.length === 0 ? /* @__PURE__ */ j("p", {
		class: "note",
		children: "None of the strongest neurons is in it."
	}) : /* @__PURE__ */ j(b, { children: [/* @__PURE__ */ j("p", {
		class: "note",
		children: [
			"The ",
			e.neurons.length,
			" strongest neurons by layer, at most ",
			ju,
			" a layer; a cell selects its neuron."
		]
	}), /* @__PURE__ */ j(qa, {
		label: `Attribution of the strongest neurons${e.encoder ? " of the encoder" : ""}, layers across`,
		columns: r.length,
		rows: i,
		height: 10,
		colour: (e, n) => {
			let r = a(e, n);
			return r ? xi(r.value, t) : null;
		},
		tell: (e, t) => {
			let n = a(e, t);
			return n ? `${Pn(n)}: ${F(n.value, 3)}` : "";
		},
		marked: (e, t) => {
			let n = a(e, t);
			return n !== void 0 && fn(dn(n), o);
		},
		rowName: (e) => String(e + 1),
		columnName: (t) => xn(`L${t}`, e.encoder),
		onChoose: (e, t) => {
			let r = a(e, t);
			r && n.select(dn(r));
		}
	})] });
}
function Bu({ neurons: e }) {
	let t = Math.max(0, ...e.map((e) => Math.abs(e.value)));
	return /* @__PURE__ */ j("table", { children: [/* @__PURE__ */ j("thead", { children: /* @__PURE__ */ j("tr", { children: [
		/* @__PURE__ */ j("th", {
			scope: "col",
			children: "neuron"
		}),
		/* @__PURE__ */ j("th", {
			scope: "col",
			class: "number",
			children: "attribution"
		}),
		/* @__PURE__ */ j("th", {
			scope: "col",
			class: "wide-only",
			children: /* @__PURE__ */ j("span", {
				class: "hidden",
				children: "bar"
			})
		}),
		/* @__PURE__ */ j("th", {
			scope: "col",
			class: "number",
			children: "activation"
		})
	] }) }), /* @__PURE__ */ j("tbody", { children: e.map((e) => /* @__PURE__ */ j("tr", { children: [
		/* @__PURE__ */ j("th", {
			scope: "row",
			children: /* @__PURE__ */ j(ao, { part: dn(e) })
		}),
		/* @__PURE__ */ j("td", {
			class: "number",
			children: /* @__PURE__ */ j(as, {
				value: e.value,
				digits: 3
			})
		}),
		/* @__PURE__ */ j("td", {
			class: "wide-only",
			children: /* @__PURE__ */ j(is, {
				value: e.value,
				largest: t
			})
		}),
		/* @__PURE__ */ j("td", {
			class: "number",
			children: F(e.activation)
		})
	] }, Pn(e))) })] });
}
// src/lib/figure/ledger.ts
var Vu = 40;
function Hu(e, t, n, r) {
	let { ledger: i, target: a, reference: o } = e, { shown: s, others: c } = Qo(i.terms, Math.min(t, Vu), n), { sum: l } = ts(i), u = [
		...s.map((e) => ({
			name: Sn(e),
			value: e.value,
			number: F(e.value)
		})),
		...c.count > 0 ? [{
			name: `${c.count} others (net)`,
			value: c.value,
			number: F(c.value),
			other: !0
		}] : [],
		{
			name: "total",
			value: l,
			number: F(l),
			other: !0,
			total: !0
		}
	];
	return J(V, [Ho(V, {
		rows: u,
		axis: Jo(u.map((e) => e.value), "logits", (e) => F(e, +!Number.isInteger(e)))
	})], {
		shows: `Direct credit: parts that add up to ${_a(a, o)} (${F(i.value)}), the model's own number. Norm scales and attention patterns as they were. Hatched: lowers it.`,
		made: e,
		asked: r,
		about: ga(a)
	});
}
function Uu({ ledger: e }) {
	return {
		head: [
			"term",
			"kind",
			"layer",
			"head",
			"expert",
			"neuron",
			"source",
			"logits"
		],
		rows: e.terms.map((e) => [
			Sn(e),
			e.kind,
			e.layer,
			e.head,
			e.expert,
			e.neuron,
			e.source,
			e.value
		])
	};
}
// src/ui/Marks.tsx
function Wu() {
	return /* @__PURE__ */ j("p", {
		class: "note marks",
		children: [
			"● without it the target moves by at least 0.3 ",
			/* @__PURE__ */ j(Q, { name: "nats" }),
			", or by 0.1 and by more than 95 % of the parts of its kind move it (",
			/* @__PURE__ */ j(Q, {
				name: "causal",
				children: "causal"
			}),
			" where it falls, ",
			/* @__PURE__ */ j(Q, { name: "suppressor" }),
			" where it rises). ○ it moves less. ~ rounding could change the word."
		]
	});
}
// src/ui/Outcome.tsx
function Gu({ part: e }) {
	let t = Qt(), n = t && Mc(t, e);
	if (!t || !n) return null;
	let [r, i] = Pc(t, n), { nats: a, effect: o } = n;
	return /* @__PURE__ */ j("span", {
		class: "outcome",
		title: `${r} → ${i}, ${F(a)} nats${o ? `, ${Nr(o)}` : ""}`,
		children: [
			/* @__PURE__ */ j("span", {
				class: "from",
				children: [r, " → "]
			}),
			i,
			" ",
			/* @__PURE__ */ j("span", {
				class: "mark",
				children: o ? Nr(o)[0] : ""
			})
		]
	});
}
// src/panels/Ledger.tsx
var Ku = 12, qu = 10, Ju = 6, Yu = Infinity, Xu = Se({
	is: () => !1,
	set: () => {}
}), Zu = Se({
	order: "size",
	effectOf: () => null
});
function Qu() {
	let e = k(), t = e.explained.value, n = Qt(), r = O("size"), i = O(Ku), a = O({});
	if (!t) return null;
	let { ledger: o } = t, s = e.at.selection.value, c = (e) => {
		let t = Cn(e);
		return t && n ? Mc(n, t)?.nats ?? null : null;
	}, l = Qo(o.terms, i.value, r.value, (e) => rd(Cn(e), s), c), u = $o(0, o.terms, l.others.value);
	return /* @__PURE__ */ j(Z, {
		name: "ledger",
		title: /* @__PURE__ */ j(Q, {
			name: "ledger",
			children: "Ledger"
		}),
		note: /* @__PURE__ */ j(id, { explained: t }),
		children: [
			/* @__PURE__ */ j(X, {
				name: "ledger",
				figure: (e) => Hu(t, i.value, r.value, e),
				table: () => Uu(t),
				data: t
			}),
			/* @__PURE__ */ j("p", {
				class: "controls",
				children: [/* @__PURE__ */ j("label", { children: [
					"Sort",
					" ",
					/* @__PURE__ */ j("select", {
						value: r.value,
						onChange: (e) => r.value = e.currentTarget.value,
						children: [
							/* @__PURE__ */ j("option", {
								value: "size",
								children: "by size"
							}),
							/* @__PURE__ */ j("option", {
								value: "effect",
								disabled: !n,
								children: "by effect"
							}),
							/* @__PURE__ */ j("option", {
								value: "layer",
								children: "by layer"
							})
						]
					})
				] }), o.terms.length > Ku ? /* @__PURE__ */ j("button", {
					type: "button",
					onClick: () => i.value = i.value === Ku ? Yu : Ku,
					children: i.value === Ku ? `Show all ${o.terms.length}` : "Show the largest"
				}) : null]
			}),
			/* @__PURE__ */ j(Xu.Provider, {
				value: {
					is: (e, t) => a.value[e] ?? rd(t, s),
					set: (e, t) => {
						a.value = {
							...a.value,
							[e]: t
						};
					}
				},
				children: /* @__PURE__ */ j(Zu.Provider, {
					value: {
						order: r.value,
						effectOf: c
					},
					children: /* @__PURE__ */ j("table", {
						class: "ledger",
						role: "treegrid",
						"aria-label": "Ledger",
						onKeyDown: gd,
						children: [
							/* @__PURE__ */ j("thead", { children: /* @__PURE__ */ j("tr", { children: [
								/* @__PURE__ */ j("th", {
									scope: "col",
									children: "part"
								}),
								/* @__PURE__ */ j("th", {
									scope: "col",
									class: "number",
									children: [/* @__PURE__ */ j(Q, { name: "credit" }), ", logits"]
								}),
								/* @__PURE__ */ j("th", {
									scope: "col",
									class: "wide-only",
									children: /* @__PURE__ */ j("span", {
										class: "hidden",
										children: "bar"
									})
								}),
								/* @__PURE__ */ j("th", {
									scope: "col",
									children: nd(t)
								})
							] }) }),
							/* @__PURE__ */ j("tbody", { children: [l.shown.map((e, t) => /* @__PURE__ */ j(sd, {
								term: e,
								level: 1,
								largest: u,
								first: t === 0
							}, ns(e))), /* @__PURE__ */ j(md, {
								count: l.others.count,
								value: l.others.value,
								level: 1,
								largest: u
							})] }),
							/* @__PURE__ */ j(od, { explained: t })
						]
					})
				})
			}),
			/* @__PURE__ */ j(Wu, {}),
			/* @__PURE__ */ j($u, { terms: l.shown })
		]
	});
}
function $u({ terms: e }) {
	let t = k(), n = e.filter(ed).slice(0, Ju), { vs: r, reference: i } = t.answered.value ?? t.state.value;
	return Ut([...r === null ? t.asksOf({ reference: i === "mean" ? "raw" : "mean" }) : [], ...n.flatMap((e) => td(t, e) ?? [])]), null;
}
function ed(e) {
	let t = Cn(e);
	return t !== null && t.kind === mn(t);
}
function td(e, { layer: t, kind: n }) {
	let r = e.followed();
	return r && {
		ask: "terms",
		...r,
		layer: t,
		sublayer: n,
		top: qu
	};
}
function nd({ target: e, reference: t }) {
	let n = R(e.text.trim() || e.text);
	return t.kind === "versus" ? `lead of ${n} without it` : `${n} without it`;
}
function rd(e, t) {
	return !e || !t || e.layer !== t.layer ? !1 : fn(e, t) ? !0 : !t.encoder && e.head === void 0 && e.neuron === void 0 && mn(t) === e.kind;
}
function id({ explained: e }) {
	let { target: t, reference: n } = e;
	return /* @__PURE__ */ j(b, { children: [
		"Why ",
		R(t.text),
		": ",
		ad(n),
		"; raw ",
		/* @__PURE__ */ j(Q, { name: "logit" }),
		" ",
		P(t.logit),
		n.kind === "raw" ? null : /* @__PURE__ */ j(b, { children: [
			", ",
			/* @__PURE__ */ j(Q, { name: "reference" }),
			" ",
			P(n.value)
		] }),
		". A part's ",
		/* @__PURE__ */ j(Q, { name: "credit" }),
		" is what it writes toward that, with attention patterns and the scales of norms as they were."
	] });
}
function ad(e) {
	return e.kind === "raw" ? "its raw logit" : e.kind === "mean" ? "its logit above the vocabulary mean" : `its logit minus that of ${R(e.text ?? "")}`;
}
function od({ explained: e }) {
	let { sum: t, error: n, holds: r } = ts(e.ledger);
	return /* @__PURE__ */ j("tfoot", { children: /* @__PURE__ */ j("tr", {
		class: r ? "total" : "total error",
		children: [
			/* @__PURE__ */ j("th", {
				scope: "row",
				children: "total"
			}),
			/* @__PURE__ */ j("td", {
				class: "number",
				"data-total": t,
				children: F(t)
			}),
			/* @__PURE__ */ j("td", {
				colSpan: 2,
				children: [
					r ? "= model ✓" : `≠ model ${F(e.ledger.value)}`,
					" (|Δ| ",
					Tr(n),
					", tolerance",
					" ",
					Tr(e.ledger.tolerance),
					")"
				]
			})
		]
	}) });
}
function sd(e) {
	let t = k(), n = Ue(Xu), { term: r, level: i } = e, a = Cn(r), o = ns(r), s = ed(r) || (e.sources?.length ?? 0) > 0, c = s && n.is(o, a);
	return /* @__PURE__ */ j(b, { children: [
		/* @__PURE__ */ j(pd, {
			name: Sn(r),
			value: r.value,
			level: i,
			largest: e.largest,
			part: a,
			open: s ? c : null,
			first: e.first ?? !1,
			onToggle: (e) => n.set(o, e),
			onSelect: () => {
				a && t.select(fn(a, t.at.selection.value) ? null : a);
			}
		}),
		c && i === 1 ? /* @__PURE__ */ j(cd, {
			term: r,
			largest: e.largest
		}) : null,
		c && i === 2 ? /* @__PURE__ */ j(dd, {
			terms: e.sources ?? [],
			parent: r.value,
			largest: e.largest
		}) : null
	] });
}
function cd({ term: e, largest: t }) {
	let n = k(), r = Ue(Zu), i = Ht(td(n, e));
	if (!i?.result) return /* @__PURE__ */ j("tr", {
		class: "waiting",
		children: /* @__PURE__ */ j("td", {
			colSpan: 4,
			class: i?.error ? "error" : "",
			children: i?.error ?? `${i?.stage ?? "waiting"} …`
		})
	});
	let { terms: a, others: o } = i.result, s = a.filter((e) => e.source === null && !ld(e)), c = Qo(s, Yu, r.order, void 0, r.effectOf), l = $o(t, s, o.value);
	return /* @__PURE__ */ j(b, { children: [
		c.shown.map((e) => /* @__PURE__ */ j(sd, {
			term: e,
			level: 2,
			largest: l,
			sources: a.filter((t) => ud(t, e))
		}, ns(e))),
		/* @__PURE__ */ j(Ks, { parts: c.shown.slice(0, Ju).flatMap((e) => Cn(e) ?? []) }),
		/* @__PURE__ */ j(md, {
			count: o.count,
			value: o.value,
			level: 2,
			largest: l
		}),
		/* @__PURE__ */ j(hd, {
			level: 2,
			sum: c.sum + o.value,
			parent: e.value
		})
	] });
}
function ld({ kind: e }) {
	return e === "head_rounding" || e === "cross_head_rounding";
}
function ud(e, t) {
	return t.head !== null && e.head === t.head && (e.source !== null || ld(e));
}
function dd(e) {
	let t = k(), n = (e) => ld(e) ? "rounding" : `from ${e.source} ${z(fd(t.explained.value, e))}`, { shown: r, others: i, sum: a } = Qo(e.terms, qu, "size"), o = $o(e.largest, r, i.value);
	return /* @__PURE__ */ j(b, { children: [
		r.map((e) => /* @__PURE__ */ j(pd, {
			name: n(e),
			value: e.value,
			level: 3,
			largest: o,
			part: null,
			open: null
		}, ns(e))),
		/* @__PURE__ */ j(md, {
			count: i.count,
			value: i.value,
			level: 3,
			largest: o
		}),
		/* @__PURE__ */ j(hd, {
			level: 3,
			sum: a,
			parent: e.parent
		})
	] });
}
function fd(e, { kind: t, source: n }) {
	if (e !== null && n !== null) return t === "cross_attention" ? { text: e.sources?.[n]?.label ?? "" } : e.tokens[n];
}
function pd(e) {
	let t = k(), { part: n, open: r, level: i } = e, a = n !== null && fn(n, t.at.selection.value);
	return /* @__PURE__ */ j("tr", {
		class: `level-${i}${n !== null && fn(n, t.hovered.value) ? " hovered" : ""}${n ? " choosable" : ""}`,
		"aria-level": i,
		"aria-selected": a,
		...r === null ? {} : { "aria-expanded": r },
		tabIndex: e.first || a ? 0 : -1,
		onClick: () => (e.onSelect ?? (() => {}))(),
		onMouseEnter: () => t.hovered.value = n,
		onMouseLeave: () => t.hovered.value = null,
		onKeyDown: (t) => {
			let n = t.key === "ArrowRight" || t.key !== "ArrowLeft" && null;
			n !== null && r !== null && r !== n ? (e.onToggle?.(n), t.stopPropagation(), t.preventDefault()) : (t.key === "Enter" || t.key === " ") && (e.onSelect?.(), t.preventDefault());
		},
		children: [
			/* @__PURE__ */ j("td", {
				class: "name",
				children: [r === null ? /* @__PURE__ */ j("span", { class: "twisty" }) : /* @__PURE__ */ j("span", {
					class: "twisty",
					"aria-hidden": "true",
					onClick: (t) => {
						t.stopPropagation(), e.onToggle?.(!r);
					},
					children: r ? "▾" : "▸"
				}), /* @__PURE__ */ j("bdi", { children: e.name })]
			}),
			/* @__PURE__ */ j("td", {
				class: "number",
				"data-value": e.value,
				children: /* @__PURE__ */ j(as, { value: e.value })
			}),
			/* @__PURE__ */ j("td", {
				class: "wide-only",
				children: /* @__PURE__ */ j(is, {
					value: e.value,
					largest: e.largest
				})
			}),
			/* @__PURE__ */ j("td", { children: n ? /* @__PURE__ */ j(Gu, { part: n }) : null })
		]
	});
}
function md(e) {
	return e.count === 0 ? null : /* @__PURE__ */ j("tr", {
		class: `others level-${e.level}`,
		"aria-level": e.level,
		children: [
			/* @__PURE__ */ j("td", {
				class: "name",
				children: [
					/* @__PURE__ */ j("span", { class: "twisty" }),
					e.count,
					" others (net)"
				]
			}),
			/* @__PURE__ */ j("td", {
				class: "number",
				"data-value": e.value,
				children: /* @__PURE__ */ j(as, { value: e.value })
			}),
			/* @__PURE__ */ j("td", {
				class: "wide-only",
				children: /* @__PURE__ */ j(is, {
					value: e.value,
					largest: e.largest
				})
			}),
			/* @__PURE__ */ j("td", {})
		]
	});
}
function hd(e) {
	let t = Math.abs(e.sum - e.parent) < .005;
	return /* @__PURE__ */ j("tr", {
		class: `sum level-${e.level}`,
		"aria-level": e.level,
		children: [
			/* @__PURE__ */ j("td", {
				class: "name",
				children: [/* @__PURE__ */ j("span", { class: "twisty" }), "sum"]
			}),
			/* @__PURE__ */ j("td", {
				class: "number",
				children: F(e.sum)
			}),
			/* @__PURE__ */ j("td", {
				colSpan: 2,
				class: t ? "" : "error",
				children: t ? "= the row above ✓" : `≠ the row above ${F(e.parent)}`
			})
		]
	});
}
function gd(e) {
	let t = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
	if (t === 0) return;
	let n = [...e.currentTarget.querySelectorAll("tr[tabindex]")];
	n[n.indexOf(document.activeElement) + t]?.focus(), e.preventDefault();
}
// src/panels/Lens.tsx
var _d = 16;
function vd() {
	let e = k(), t = O("rank"), n = e.explained.value, r = n?.tokens.length ?? 0, i = mi(n?.position ?? 0, r), a = e.followed(), o = r > 128 ? [i.value, Math.min(i.value + 128, r)] : null, { answer: s, result: c, stale: l } = Wt(a ? {
		ask: "lens",
		prompt: a.prompt,
		...vs({ source: a.source }),
		target: a.target,
		top: 5,
		...o ? { window: o } : {}
	} : null);
	if (!n) return null;
	let u = c ? Cd(c.cells, i.value) : null, d = n.model.vocab, f = (e) => ba(e, t.value, d), p = {
		start: i.value,
		size: 128
	};
	return /* @__PURE__ */ j(Z, {
		name: "lens",
		title: /* @__PURE__ */ j(Q, {
			name: "logit lens",
			children: "Logit lens"
		}),
		note: /* @__PURE__ */ j(b, { children: [
			"What the ",
			/* @__PURE__ */ j(Q, { name: "residual stream" }),
			" would predict after each layer at each token: the top token in the cell",
			u && !bd(u.positions.length) ? " that is pointed at" : "",
			", the colour for",
			" ",
			R(n.target.text),
			". A cell chooses its position."
		] }),
		children: [
			/* @__PURE__ */ j("p", {
				class: "controls",
				children: /* @__PURE__ */ j("label", { children: [
					"Colour",
					" ",
					/* @__PURE__ */ j("select", {
						value: t.value,
						onChange: (e) => t.value = e.currentTarget.value,
						children: Object.entries(ya).map(([e, t]) => /* @__PURE__ */ j("option", {
							value: e,
							children: t
						}, e))
					})
				] })
			}),
			/* @__PURE__ */ j(lo, {
				start: i,
				length: r,
				what: "tokens"
			}),
			/* @__PURE__ */ j(B, { answer: s }),
			c && !l ? /* @__PURE__ */ j(X, {
				name: "lens",
				figure: (e) => xa(c, n.target, t.value, p, e),
				table: () => Ea(c, p),
				data: c
			}) : null,
			u && u.positions.length > 0 ? /* @__PURE__ */ j("div", {
				class: l ? "stale" : "",
				children: [
					/* @__PURE__ */ j(qa, {
						label: `Logit lens, ${ya[t.value]} by layer and token`,
						columns: u.positions.length,
						rows: u.layers.length,
						colour: (e, t) => {
							let n = u.at(e, t);
							return n ? Si(f(n)) : null;
						},
						...bd(u.positions.length) ? { text: (e, t) => xd(u.at(e, t)) } : {},
						rest: [Math.max(0, u.positions.indexOf(n.position)), 0],
						tell: (e, t) => /* @__PURE__ */ j(Sd, {
							cell: u.at(e, t),
							token: c?.tokens[u.positions[e] ?? -1]
						}),
						rowName: (e) => yd(u.layers[e] ?? null),
						columnName: (e) => z(c?.tokens[u.positions[e] ?? -1]),
						marked: (e, t) => t === 0 && u.positions[e] === n.position,
						onChoose: (t) => e.set({
							position: u.positions[t] ?? null,
							target: null
						})
					}),
					/* @__PURE__ */ j(io, {
						kind: "amount",
						...t.value === "rank" ? {
							low: `rank ${d.toLocaleString("en")}`,
							high: "rank 1, the top",
							middle: `rank ${Math.round(Math.sqrt(d)).toLocaleString("en")}`
						} : {
							low: "0 %",
							high: `100 %, ${ya[t.value]}`
						}
					}),
					/* @__PURE__ */ j(so, {
						label: "logit lens",
						head: [
							"layer",
							"position",
							"top token",
							"its probability",
							"target's rank",
							"target's probability"
						],
						rows: () => u.cells.map((e) => [
							yd(e.layer),
							`${e.position}`,
							/* @__PURE__ */ j("bdi", { children: xd(e) }, "top"),
							I(e.top_probability[0] ?? 0),
							`${e.rank}`,
							I(e.probability)
						])
					})
				]
			}) : null
		]
	});
}
function yd(e) {
	return e === null ? "emb" : `L${e}`;
}
function bd(e) {
	return e <= _d;
}
function xd(e) {
	return z(e?.top[0]);
}
function Sd({ cell: e, token: t }) {
	return e ? /* @__PURE__ */ j(b, { children: [
		e.layer === null ? "Embedding" : `After L${e.layer}`,
		" at ",
		e.position,
		" ",
		z(t),
		": rank of the target ",
		e.rank.toLocaleString("en"),
		", ",
		I(e.probability),
		". Top:",
		" ",
		e.top.slice(0, 4).map((t, n) => /* @__PURE__ */ j("span", {
			class: "chip",
			children: [
				/* @__PURE__ */ j("bdi", { children: z(t) }),
				" ",
				/* @__PURE__ */ j("span", {
					class: "small",
					children: I(e.top_probability[n] ?? 0)
				})
			]
		}, t.id))
	] }) : null;
}
function Cd(e, t) {
	let n = e.filter((e) => e.position >= t && e.position < t + 128), r = [...new Set(n.map((e) => e.layer))].sort((e, t) => (t ?? -1) - (e ?? -1)), i = [...new Set(n.map((e) => e.position))].sort((e, t) => e - t), a = new Map(n.map((e) => [`${e.layer} ${e.position}`, e]));
	return {
		cells: n,
		layers: r,
		positions: i,
		at: (e, t) => a.get(`${r[t] ?? null} ${i[e]}`)
	};
}
// src/panels/Looked.tsx
function wd() {
	let e = k(), t = Qt(), n = e.at.selection.value, r = t ? Td(t, n) : null;
	if (!t || !r || r.looks_at.length === 0) return null;
	let i = 1 - r.looks_at.reduce((e, t) => e + t.attention, 0), a = Rr(z(t.tokens[t.position]));
	return /* @__PURE__ */ j(Z, {
		name: "looked",
		title: `Where ${N(M(r))} looked`,
		note: `Its attention from ${a}; all shares come to 1.`,
		children: [/* @__PURE__ */ j(X, {
			name: `looked-${N(M(r))}`,
			figure: (e) => Cs(t, r, e),
			table: () => ws(r),
			data: t
		}), /* @__PURE__ */ j("table", {
			class: "looked",
			children: [/* @__PURE__ */ j("thead", {
				class: "hidden",
				children: /* @__PURE__ */ j("tr", { children: [
					/* @__PURE__ */ j("th", {
						scope: "col",
						children: "token"
					}),
					/* @__PURE__ */ j("th", {
						scope: "col",
						children: "share"
					}),
					/* @__PURE__ */ j("th", {
						scope: "col",
						children: "attention"
					})
				] })
			}), /* @__PURE__ */ j("tbody", { children: [r.looks_at.map((e) => /* @__PURE__ */ j("tr", { children: [
				/* @__PURE__ */ j("th", {
					scope: "row",
					children: [
						/* @__PURE__ */ j("bdi", { children: z(e) }),
						" ",
						!r.cross && e.position === 0 && t.position > 0 ? /* @__PURE__ */ j("span", {
							class: "small",
							children: "first token"
						}) : null
					]
				}),
				/* @__PURE__ */ j("td", { children: /* @__PURE__ */ j("span", {
					class: "amount",
					"aria-hidden": "true",
					children: /* @__PURE__ */ j("span", { style: { width: `${e.attention * 100}%` } })
				}) }),
				/* @__PURE__ */ j("td", {
					class: "number",
					children: P(e.attention)
				})
			] }, e.position)), i > .005 ? /* @__PURE__ */ j("tr", { children: [
				/* @__PURE__ */ j("th", {
					scope: "row",
					class: "small",
					children: "elsewhere"
				}),
				/* @__PURE__ */ j("td", { children: /* @__PURE__ */ j("span", {
					class: "amount",
					"aria-hidden": "true",
					children: /* @__PURE__ */ j("span", {
						class: "rest",
						style: { width: `${i * 100}%` }
					})
				}) }),
				/* @__PURE__ */ j("td", {
					class: "number",
					title: I(i),
					children: P(i)
				})
			] }) : null] })]
		})]
	});
}
function Td(e, t) {
	let n = e.answer.part ? vn(e.answer.part) : null, r = (t) => t && e.heads.find((e) => fn(M(e), t));
	return r(t) ?? r(n) ?? e.heads[0] ?? null;
}
// src/panels/Pins.tsx
var Ed = 3;
function Dd() {
	let e = k(), { pins: t, b: n } = e.state.value;
	return e.explained.value ? /* @__PURE__ */ j(Z, {
		name: "pins",
		title: "Pins",
		note: t.length === 0 ? "Pin the test of a part (choose one in Why, Parts or Graph and press p) to see here what several do together." : "Each pin alone, and all of them together in one run.",
		children: t.length === 0 ? /* @__PURE__ */ j(Od, {}) : /* @__PURE__ */ j(b, { children: [
			/* @__PURE__ */ j("ul", {
				class: "pins",
				children: t.map((r, i) => /* @__PURE__ */ j("li", { children: [/* @__PURE__ */ j("div", {
					class: "controls",
					children: [
						/* @__PURE__ */ j(ao, { part: r.part }),
						/* @__PURE__ */ j("select", {
							"aria-label": `How ${N(r.part)} is tested`,
							value: r.how,
							onChange: (n) => {
								let r = n.currentTarget.value;
								e.set({ pins: t.map((e, t) => t === i ? {
									...e,
									how: r
								} : e) });
							},
							children: Yn.map((e) => /* @__PURE__ */ j("option", {
								value: e,
								disabled: e === "swap" && n === null,
								children: e
							}, e))
						}),
						/* @__PURE__ */ j("button", {
							type: "button",
							"aria-label": `Remove the pin of ${N(r.part)}`,
							onClick: () => e.set({ pins: t.filter((e, t) => t !== i) }),
							children: "×"
						})
					]
				}), t.length > 1 ? /* @__PURE__ */ j(Is, {
					tests: [r],
					note: "this pin alone"
				}) : null] }, pn(r.part)))
			}),
			t.length > 1 ? /* @__PURE__ */ j("h3", { children: "All together" }) : null,
			/* @__PURE__ */ j(Is, {
				tests: t,
				note: t.length === 1 ? "this pin" : `these ${t.length} pins`
			})
		] })
	}) : null;
}
function Od() {
	let e = k(), t = Zt(), n = t?.result ? ko(t.result).slice(0, Ed) : [];
	return n.length === 0 ? /* @__PURE__ */ j(B, { answer: t }) : /* @__PURE__ */ j("p", {
		class: "controls",
		children: ["Begin with what matters most here:", n.map(({ part: t }) => /* @__PURE__ */ j("button", {
			type: "button",
			onClick: () => e.set({ pins: [{
				part: t,
				how: "zero"
			}] }),
			children: [N(t), " set to zero"]
		}, pn(t)))]
	});
}
// src/panels/Prediction.tsx
function kd() {
	let e = k().explained.value, t = gc();
	if (!e) return null;
	let { target: n, position: r, tokens: i, model: a } = e;
	return /* @__PURE__ */ j(Z, {
		name: "prediction",
		title: "Prediction",
		note: /* @__PURE__ */ j(b, { children: [
			a.bidirectional ? "At" : "After",
			" ",
			r,
			" ",
			Rr(z(i[r])),
			": ",
			R(n.text),
			" ",
			"has ",
			I(n.probability),
			", rank ",
			n.rank,
			". Choose a token to explain it."
		] }),
		children: [
			/* @__PURE__ */ j(X, {
				name: "prediction",
				figure: (t) => ys(e, t),
				table: () => bs(e),
				data: e
			}),
			e.notes.map((e) => /* @__PURE__ */ j("p", {
				class: "note",
				children: e
			}, e)),
			/* @__PURE__ */ j("div", {
				class: "side-by-side",
				children: [/* @__PURE__ */ j(Ad, {
					explained: e,
					caption: t ? "A" : "Top tokens"
				}), t?.result ? /* @__PURE__ */ j(Ad, {
					explained: t.result,
					caption: "B"
				}) : null]
			})
		]
	});
}
function Ad({ explained: e, caption: t }) {
	let n = k();
	return /* @__PURE__ */ j("table", {
		class: "predictions",
		children: [
			/* @__PURE__ */ j("caption", { children: t }),
			/* @__PURE__ */ j("thead", { children: /* @__PURE__ */ j("tr", { children: [
				/* @__PURE__ */ j("th", {
					scope: "col",
					children: "token"
				}),
				/* @__PURE__ */ j("th", {
					scope: "col",
					class: "number",
					children: "probability"
				}),
				/* @__PURE__ */ j("th", {
					scope: "col",
					children: /* @__PURE__ */ j("span", {
						class: "hidden",
						children: "bar"
					})
				})
			] }) }),
			/* @__PURE__ */ j("tbody", { children: e.predictions.map((t) => /* @__PURE__ */ j("tr", { children: [
				/* @__PURE__ */ j("td", { children: /* @__PURE__ */ j("button", {
					type: "button",
					class: "part",
					"aria-pressed": t.id === e.target.id,
					disabled: n.data.host === "report",
					onClick: () => n.set(nr(t, n.state.value.vs)),
					onMouseEnter: () => n.foresee(nr(t, n.state.value.vs)),
					children: /* @__PURE__ */ j($, { text: t.text })
				}) }),
				/* @__PURE__ */ j("td", {
					class: "number",
					children: I(t.probability)
				}),
				/* @__PURE__ */ j("td", { children: /* @__PURE__ */ j("span", {
					class: "amount",
					"aria-hidden": "true",
					children: /* @__PURE__ */ j("span", { style: { width: `${t.probability * 100}%` } })
				}) })
			] }, t.id)) })
		]
	});
}
// src/panels/Sentence.tsx
function jd() {
	let e = k().explained.value, t = Zt();
	if (!e) return null;
	let n = t?.result ?? null, r = n?.words?.units ?? [], i = t !== null && !n && !t.error;
	return /* @__PURE__ */ j("section", {
		class: "panel panel-sentence",
		"aria-label": "The answer",
		children: /* @__PURE__ */ j("p", {
			class: "sentence",
			children: n ? n.sentence.map((e, t) => /* @__PURE__ */ j(Nd, {
				span: e,
				units: r
			}, t)) : /* @__PURE__ */ j(b, { children: [Md(e.sentence).map((e, t) => /* @__PURE__ */ j(Nd, {
				span: e,
				units: r
			}, t)), i ? /* @__PURE__ */ j("span", {
				class: "waiting",
				children: " Now each word is taken away, and each head switched off …"
			}) : null] })
		})
	});
}
function Md(e) {
	let t = e.findIndex((e) => e.kind === null && e.text.trimEnd().endsWith("."));
	return t < 0 ? e : e.slice(0, t + 1);
}
function Nd({ span: e, units: t }) {
	let n = k(), r = e.kind === "part" ? vn(e.text) : null;
	if (r) return /* @__PURE__ */ j(ao, { part: r });
	let i = e.kind === "word" ? t[e.place ?? -1] : void 0;
	return i ? /* @__PURE__ */ j("button", {
		type: "button",
		class: "noun",
		onClick: () => n.set({ word: i.positions[0] ?? null }),
		children: e.text
	}) : e.kind === null ? /* @__PURE__ */ j("span", { children: e.text }) : /* @__PURE__ */ j("bdi", {
		class: `said-${e.kind}`,
		children: e.text
	});
}
// src/lib/words.ts
var Pd = 40;
function Fd(e, t) {
	let n = new Map(t.flatMap((e) => e.positions.map((t) => [t, e]))), r = [], i = null;
	for (let t of e.tokens) {
		let e = n.get(t.position) ?? null;
		i && i.unit === e && i.role === (t.role ?? null) ? i.tokens.push(t) : (i = {
			unit: e,
			before: "",
			text: "",
			tokens: [t],
			role: t.role ?? null
		}, r.push(i));
	}
	return r.map((e) => Bd({
		...e,
		text: Id(e.tokens)
	}));
}
function Id(e) {
	let [t] = e;
	return e.length === 1 && t?.fragment ? t.fragment : zr(e);
}
function Ld(e) {
	return Math.max(0, ...e.filter(Ud).map((e) => Math.abs(e.effect)));
}
function Rd({ by: e }) {
	return e === "spans" ? "piece" : e;
}
function zd(e, t) {
	let n = [...e], r = 0, i = [];
	for (let e of t) {
		if (e.start === null || e.end === null) continue;
		let t = n.slice(r, e.start).join("");
		i.push({
			unit: e,
			before: t,
			text: n.slice(e.start, e.end).join(""),
			tokens: [],
			role: null
		}), r = e.end;
	}
	let a = n.slice(r).join("");
	return a.trim() === "" ? i : [...i, {
		unit: null,
		before: "",
		text: a,
		tokens: [],
		role: null
	}];
}
function Bd(e) {
	let { unit: t, tokens: n } = e;
	if (t && n.length > 1 && t.text.trim() !== "") {
		let n = /^\s*/.exec(e.text)?.[0] ?? "";
		return {
			...e,
			before: n,
			text: t.text.trim()
		};
	}
	let r = e.text, i = r.trimStart();
	return i === "" ? {
		...e,
		text: r
	} : {
		...e,
		before: r.slice(0, r.length - i.length),
		text: i
	};
}
function Vd({ text: e, positions: t }, n = []) {
	let r = t.length === 1 ? n[t[0] ?? -1]?.fragment : null;
	if (r) return r;
	let i = [...e.trim() === "" ? L(e) : e.trim().split(/\s+/).map(L).join(" ")];
	return i.length > Pd ? `${i.slice(0, 39).join("")}…` : i.join("");
}
function Hd(e) {
	let t = e.filter(Ud);
	return [...t.length > 0 ? t : e].sort((e, t) => Math.abs(t.effect) - Math.abs(e.effect))[0] ?? null;
}
function Ud({ counted: e, mark: t }) {
	return e ?? t === null;
}
function Wd(e) {
	return e.mark === "first" && !Ud(e);
}
function Gd(e, t) {
	let n = Math.abs(e.effect) < .1 ? "" : e.effect > 0 ? "↓ to " : "↑ to ";
	return e.difference_without === null ? n + Or(t.target.probability, e.probability_without)[1] : n + F(e.difference_without);
}
// src/lib/find.ts
function Kd(e, t) {
	let n = t.toLowerCase();
	if (!n) return [];
	let r = [], i = "";
	for (let t of e) r.push(i.length), i += t.toLowerCase();
	let a = [], o = 0;
	for (let e = i.indexOf(n); e >= 0; e = i.indexOf(n, e + 1)) {
		for (; o + 1 < r.length && (r[o + 1] ?? 0) <= e;) o += 1;
		a.at(-1) !== o && a.push(o);
	}
	return a;
}
// src/ui/Find.tsx
function qd(e) {
	let t = O(""), n = O(-1), r = Kd(e.texts, t.value), i = (t) => {
		r.length !== 0 && (n.value = (n.value + t + r.length) % r.length, e.go(r[n.value] ?? null));
	}, a = (r) => {
		t.value = r, n.value = -1;
		let i = Kd(e.texts, r)[0];
		i !== void 0 && (n.value = 0), e.go(i ?? null);
	};
	return /* @__PURE__ */ j("label", { children: [
		"Find in the prompt",
		" ",
		/* @__PURE__ */ j("input", {
			type: "search",
			value: t.value,
			onInput: (e) => a(e.currentTarget.value),
			onKeyDown: (e) => {
				e.key === "Enter" && (i(e.shiftKey ? -1 : 1), e.preventDefault());
			}
		}),
		" ",
		/* @__PURE__ */ j("output", {
			class: "small",
			children: t.value ? r.length === 0 ? "is not there" : `${n.value + 1} of ${r.length}, token ${r[n.value] ?? ""}` : ""
		})
	] });
}
// src/panels/TokenStrip.tsx
function Jd() {
	let e = k(), t = e.explained.value, n = mi(t?.position ?? 0, t?.tokens.length ?? 0), r = O(null), i = He(() => (t?.tokens ?? []).map((e) => e.text), [t]), a = nf(), o = Yd();
	if (!t) return null;
	let { tokens: s, position: c } = t, l = a !== null && gn(a.part), u = [...o.values()].map((e) => e.effect), d = Math.max(0, ...(a?.values ?? u).map(Math.abs)), f = s.slice(n.value, n.value + 128), p = f.some((e) => e.role);
	return /* @__PURE__ */ j(Z, {
		name: "strip",
		title: "Tokens",
		note: a ? /* @__PURE__ */ j(b, { children: [
			"Coloured by what each token gives the target through ",
			N(a.part),
			": orange + raises, purple − lowers; largest ",
			F(a.values.reduce((e, t) => Math.abs(t) > Math.abs(e) ? t : e, 0)),
			" logits."
		] }) : o.size > 0 ? `Under a word: what is left of ${R(t.target.text)} without it. ○ Many heads rest on the first word, whatever it says.` : `Choose the position ${t.model.bidirectional ? "whose token" : "whose next token"} is explained. Select a head or an attention sublayer to colour its sources.`,
		children: [
			e.reads() === null ? null : /* @__PURE__ */ j(Qd, {
				sources: t.sources ?? [],
				values: l ? a.values : [],
				largest: d
			}),
			/* @__PURE__ */ j(lo, {
				start: n,
				length: s.length,
				what: "tokens"
			}),
			s.length > 128 ? /* @__PURE__ */ j(qd, {
				texts: i,
				go: (e) => {
					r.value = e, e !== null && (n.value = hi(e, n.value, s.length));
				}
			}) : null,
			/* @__PURE__ */ j("ol", {
				class: "strip",
				start: n.value + 1,
				children: f.map((n, i) => {
					let s = n.role && (i === 0 || n.role !== f[i - 1]?.role), u = l || n.position > c && !t.model.bidirectional, m = a ? void 0 : o.get(n.position), h = u ? void 0 : a ? a.values[n.position] : m?.effect;
					return /* @__PURE__ */ j("li", { children: [/* @__PURE__ */ j("button", {
						type: "button",
						class: n.position === r.value ? "token found" : "token",
						"aria-pressed": n.position === c,
						style: $d(h, d),
						title: m && Zd(m, t),
						onClick: () => e.set({
							position: n.position,
							target: null
						}),
						onKeyDown: (e) => tf(e),
						children: [
							/* @__PURE__ */ j("span", {
								class: "index",
								children: n.position
							}),
							/* @__PURE__ */ j($, {
								text: n.text,
								fragment: n.fragment
							}),
							m ? /* @__PURE__ */ j("span", {
								class: "sign",
								children: m.positions[0] === n.position ? Xd(m) : "\xA0"
							}) : /* @__PURE__ */ j(ef, {
								value: h,
								largest: d
							})
						]
					}), p ? /* @__PURE__ */ j("span", {
						class: "small role",
						children: s ? n.role : "\xA0"
					}) : null] }, n.position);
				})
			})
		]
	});
}
function Yd() {
	let e = k(), t = Qt()?.words;
	if (e.reads() !== null || t?.by !== "word") return /* @__PURE__ */ new Map();
	let n = t.units.filter((e) => e.mark !== "last");
	return new Map(n.flatMap((e) => e.positions.map((t) => [t, e])));
}
function Xd(e) {
	let t = e.difference_without === null ? I(e.probability_without) : F(e.difference_without);
	return Wd(e) ? `${t} ○` : t;
}
function Zd(e, t) {
	let { target: n } = t, [r, i] = Or(n.probability, e.probability_without), { instead: a } = e, o = a.id === n.id ? "the same" : `${R(a.text)} (${I(a.probability)})`;
	return `Without ${R(e.text)}: ${R(n.text)} ${r} → ${i} (${F(-e.effect)} ${e.difference_without === null ? "nats" : "logits"}); it says ${o}`;
}
function Qd(e) {
	let t = mi(0, e.sources.length), n = e.sources.slice(t.value, t.value + 128);
	return /* @__PURE__ */ j(b, { children: [
		/* @__PURE__ */ j("p", {
			class: "note",
			children: "What the encoder read; cross-attention takes from here:"
		}),
		/* @__PURE__ */ j(lo, {
			start: t,
			length: e.sources.length,
			what: "source positions"
		}),
		/* @__PURE__ */ j("ol", {
			class: "strip",
			"aria-label": "Source",
			start: t.value + 1,
			children: n.map((t) => /* @__PURE__ */ j("li", { children: /* @__PURE__ */ j("span", {
				class: "token source",
				style: $d(e.values[t.position], e.largest),
				children: [
					/* @__PURE__ */ j("span", {
						class: "index",
						children: t.position
					}),
					/* @__PURE__ */ j($, { text: t.label }),
					/* @__PURE__ */ j(ef, {
						value: e.values[t.position],
						largest: e.largest
					})
				]
			}) }, t.position))
		})
	] });
}
function $d(e, t) {
	if (e === void 0) return {};
	let n = xi(e, t);
	return {
		background: n,
		color: Ci(n)
	};
}
function ef(e) {
	let { value: t } = e;
	return /* @__PURE__ */ j("span", {
		class: "sign",
		children: t !== void 0 && Math.abs(t) > e.largest / 20 ? F(t) : "\xA0"
	});
}
function tf(e) {
	let t = e.key === "ArrowRight" ? 1 : e.key === "ArrowLeft" ? -1 : 0;
	if (t === 0) return;
	let n = e.currentTarget.parentElement;
	(t > 0 ? n?.nextElementSibling : n?.previousElementSibling)?.querySelector("button")?.focus(), e.preventDefault();
}
function nf() {
	let e = k(), t = e.at.selection.value, n = e.followed(), r = (e) => e && n && mn(e) !== "mlp" ? {
		ask: "attention",
		...n,
		layer: e.layer,
		..._n(e)
	} : null, i = Ht(r(t)), a = e.hovered.value, o = r(a), s = o && e.desk.peek(o);
	return a && s ? {
		part: a,
		values: rf(s, a)
	} : t && i?.result ? {
		part: t,
		values: rf(i.result, t)
	} : null;
}
function rf(e, t) {
	let n = e.heads.filter((e) => t.head === void 0 || e.head === t.head);
	return (gn(t) ? e.sources ?? [] : e.tokens).map((e, t) => n.reduce((e, n) => e + (n.contribution[t] ?? 0), 0));
}
// src/lib/figure/words.ts
var af = 10.5, of = 2.5, sf = 30, cf = 15, lf = 16;
function uf(e, t) {
	let n = e.words?.units ?? [], r = Ld(n), i = (t.source && n.length > 0 ? zd(t.source ?? "", n) : Fd(e, n)).filter((e) => e.role !== "template"), a = i.flatMap((t, n) => mf(t, i[n - 1], e, r)), o = Li(t.source ?? t.prompt), s = _f([...a, gf(e, o)]), c = s.slice(0, Math.max(0, s.length - lf)), l = s.slice(c.length), u = c.flat().filter(([e]) => e.ends).length, d = [vf(l, o), ma(ff(e, r), H)], f = u > 0 ? ` The first ${u} are not shown.` : "";
	return J(H, d, {
		shows: `${df(e)}${f}`,
		made: e,
		asked: t,
		about: ga(e.target)
	});
}
function df({ words: e, target: t, reference: n }) {
	if (!e) return `The prompt, and what the model says: “${Y(t.text)}”.`;
	let r = n.kind === "versus" ? `the lead of “${Y(t.text)}” over “${Y(n.text ?? "")}”, in logits,` : `the probability of “${Y(t.text)}”`, i = e.units.some(Wd) ? ` Dashed, not counted: the first ${Rd(e)}; any text loses about as much without its first, since many heads rest there whatever it says.` : "";
	return `Under each ${Rd(e)}: ${r} when that ${Rd(e)} alone is ${e.how === "mask" ? "hidden" : "deleted"} (↓ it falls, ↑ it rises).${i}`;
}
function ff({ reference: e }, t) {
	return {
		label: e.kind === "versus" ? "effect on the lead, logits" : "effect on the log-probability, nats",
		colour: (e) => pf(1 - 2 * e, 1),
		low: F(-t),
		middle: "0",
		high: F(t)
	};
}
function pf(e, t) {
	return xi(t > 0 ? .75 * e / t : 0, 1, !1);
}
function mf(e, t, n, r) {
	let { unit: i, role: a } = e, o = Ji(e.text.trim() === "" ? L(e.text) : aa(e.text), H - 6, af), s = i === null ? "" : i.mark === "last" ? "asked here" : Gd(i, n), c = a !== null && a !== (t?.role ?? null);
	return o.map((t, n) => {
		let l = n === 0, u = n === o.length - 1 ? s : "", d = Math.max(q(t, af) + 6, q(u, W) + 2);
		return {
			width: d,
			ends: n === o.length - 1,
			breaks: l && (c || e.before.includes("\n")),
			draw: (e) => {
				let { ink: n, ground: o } = hf(i, r, e, d);
				return [
					c && l ? G(e, -2, a, {
						size: W,
						fill: U
					}) : "",
					o,
					G(e + d / 2, 10.8, t, {
						size: af,
						fill: n,
						anchor: "middle"
					}),
					G(e + d / 2, 23, u, {
						size: W,
						fill: U,
						anchor: "middle"
					})
				].join("");
			}
		};
	});
}
function hf(e, t, n, r) {
	if (e === null) return {
		ink: U,
		ground: ""
	};
	let i = (e) => K(n, 0, r, cf, {
		rx: 2,
		fill: "none",
		...e
	});
	if (Wd(e)) return {
		ink: Ti,
		ground: i({
			stroke: Di,
			"stroke-width": .8,
			"stroke-dasharray": "2 1.5"
		})
	};
	if (e.mark === "last") return {
		ink: Ti,
		ground: i({
			stroke: "#9a9a94",
			"stroke-width": .6
		})
	};
	let a = pf(e.effect, t), o = e.effect < -.1 ? K(n, 12, r, 3, { fill: "url(#hatched)" }) : "";
	return {
		ink: Ci(a),
		ground: i({ fill: a }) + o
	};
}
function gf({ target: e, reference: t, ledger: n }, r) {
	let i = Y(e.text), a = t.kind === "versus" ? `${F(n.value)} with all` : I(e.probability), o = q("→", af) + 8, s = Math.max(q(i, af, !0) + 6 + 2, q(a, W) + 4);
	return {
		width: o + s,
		breaks: !1,
		ends: !0,
		draw: (e) => {
			let [t, n] = r ? [e, e + s + o / 2] : [e + o, e + o / 2];
			return [
				G(n, 10.8, r ? "←" : "→", {
					size: af,
					fill: U,
					anchor: "middle"
				}),
				K(t, 0, s, cf, {
					rx: 2,
					fill: "none",
					stroke: Ti,
					"stroke-width": 1
				}),
				G(t + s / 2, 10.8, i, {
					size: af,
					bold: !0,
					anchor: "middle"
				}),
				G(t + s / 2, 23, a, {
					size: W,
					bold: !0,
					anchor: "middle"
				})
			].join("");
		}
	};
}
function _f(e) {
	let t = [[]], n = 0;
	for (let r of e) n > 0 && (r.breaks || n + r.width > H) && (t.push([]), n = 0), t.at(-1)?.push([r, n]), n += r.width + of;
	return t;
}
function vf(e, t) {
	let n = e.map((e, n) => Ai("g", { transform: `translate(0 ${n * sf + 9})` }, e.map(([e, n]) => e.draw(t ? H - n - e.width : n)).join("\n")));
	return {
		height: e.length * sf + 9 - 5,
		body: n.join("\n")
	};
}
function yf(e) {
	return {
		head: [
			"unit",
			"first_position",
			"last_position",
			"effect",
			"probability",
			"probability_without",
			"log_probability_without",
			"logit_without",
			"difference_without",
			"says_instead",
			"its_probability",
			"mark",
			"counted"
		],
		rows: (e.words?.units ?? []).map((t) => [
			t.text,
			t.positions[0] ?? null,
			t.positions.at(-1) ?? null,
			t.effect,
			e.target.probability,
			t.probability_without,
			t.log_probability_without,
			t.logit_without,
			t.difference_without,
			t.instead.text,
			t.instead.probability,
			t.mark,
			+!!Ud(t)
		])
	};
}
// src/panels/Words.tsx
var bf = 5, xf = 40;
function Sf() {
	let e = k(), t = e.explained.value, n = Qt(), r = Zt(), i = O(null);
	if (!t) return null;
	let a = n?.words?.units ?? [], o = a.find((t) => t.positions[0] === e.at.word.value) ?? null, s = a.find((e) => e === i.value) ?? null ?? o ?? Hd(a);
	return /* @__PURE__ */ j("section", {
		class: "panel panel-words",
		"aria-label": "The prompt and the answer",
		children: [
			n ? /* @__PURE__ */ j(X, {
				name: "words",
				figure: (e) => uf(n, e),
				table: () => yf(n),
				data: n
			}) : null,
			/* @__PURE__ */ j(Cf, {
				explained: t,
				units: a,
				onHover: (e) => i.value = e
			}),
			/* @__PURE__ */ j(Af, { explained: t }),
			s ? /* @__PURE__ */ j(Df, {
				unit: s,
				explained: t,
				tested: n
			}) : null,
			/* @__PURE__ */ j(jf, {
				explained: t,
				tested: n,
				failed: !!r?.error
			}),
			t.notes.map((e) => /* @__PURE__ */ j("p", {
				class: "note",
				children: e
			}, e))
		]
	});
}
function Cf(e) {
	let t = k(), { explained: n, units: r } = e, { target: i } = n, a = Ld(r), o = t.answered.value?.source ?? null, s = t.reads() === "text" && o !== null && r.length > 0 ? zd(o, r) : Fd(n, r), c = s.some((e) => e.role !== null), l = s.filter((e) => e.role !== "template"), u = l.length > xf || n.tokens.length > 160, d = Ve(null);
	return Be(() => {
		u && d.current && (d.current.scrollTop = d.current.scrollHeight);
	}, [
		u,
		n,
		r.length
	]), /* @__PURE__ */ j("div", {
		ref: d,
		class: u ? "text long" : "text",
		dir: "auto",
		children: [l.map((t, r) => /* @__PURE__ */ j(b, { children: [c && t.role !== null && t.role !== (l[r - 1]?.role ?? null) ? /* @__PURE__ */ j("span", {
			class: "turn",
			children: t.role
		}) : /* @__PURE__ */ j(wf, { text: r === 0 ? "" : t.before }), /* @__PURE__ */ j(Tf, {
			stretch: t,
			largest: a,
			explained: n,
			onHover: e.onHover
		})] }, r)), /* @__PURE__ */ j("span", {
			class: "answer",
			children: [/* @__PURE__ */ j("span", {
				class: "arrow",
				"aria-hidden": "true",
				children: "→"
			}), /* @__PURE__ */ j("button", {
				type: "button",
				class: "said",
				title: "What the model says here; choose it to see how the parts add up to it",
				onClick: () => t.go("parts"),
				children: [
					/* @__PURE__ */ j("bdi", {
						class: "token-text",
						children: kf(n, i.text)
					}),
					" ",
					/* @__PURE__ */ j("span", {
						class: "small",
						children: I(i.probability)
					})
				]
			})]
		})]
	});
}
function wf({ text: e }) {
	let t = e.split("\n").length - 1;
	return t > 0 ? /* @__PURE__ */ j(b, { children: [/* @__PURE__ */ j("span", {
		class: "small",
		children: "↵".repeat(t)
	}), /* @__PURE__ */ j("br", {})] }) : /* @__PURE__ */ j("span", { children: e === "" ? "" : " " });
}
function Tf(e) {
	let t = k(), { stretch: n, explained: r, largest: i } = e, { unit: a } = n;
	if (!a) return /* @__PURE__ */ j("span", {
		class: "unread",
		children: n.text
	});
	let o = Wd(a), s = Ud(a) && i > 0 ? xi(.75 * a.effect / i, 1) : null, c = s ? {
		background: s,
		color: Ci(s)
	} : {};
	return /* @__PURE__ */ j("button", {
		type: "button",
		class: `word${o ? " rests" : a.mark === "last" ? " last" : ""}`,
		title: Ef(a, r),
		"aria-pressed": t.at.word.value !== null && a.positions[0] === t.at.word.value,
		onClick: () => t.set({ word: a.positions[0] ?? null }),
		onMouseEnter: () => e.onHover(a),
		onMouseLeave: () => e.onHover(null),
		onFocus: () => e.onHover(a),
		onBlur: () => e.onHover(null),
		children: [
			/* @__PURE__ */ j("span", {
				class: "word-text",
				style: c,
				children: n.text.trim() === "" ? R(n.text) : n.text
			}),
			/* @__PURE__ */ j("small", { children: a.mark === "last" ? "asked here" : Gd(a, r) }),
			o ? /* @__PURE__ */ j("small", {
				class: "uncounted",
				children: "not counted"
			}) : null
		]
	});
}
function Ef(e, t) {
	let { target: n, reference: r, ledger: i } = t, a = e.difference_without !== null && r.kind === "versus", [o, s] = a ? [F(i.value), `${F(e.difference_without ?? 0)} logits`] : Or(n.probability, e.probability_without), c = a ? `the lead of ${kf(t, n.text)} over ${kf(t, r.text ?? "")}` : kf(t, n.text);
	return Rr(`Without ${Vd(e, t.tokens)} alone: ${c} ${o} → ${s}`);
}
function Df(e) {
	let t = k(), { unit: n, explained: r, tested: i } = e, { instead: a } = n, o = t.reads() !== null, s = (i?.heads ?? []).filter((e) => e.looks_at.some((t) => e.cross === o && n.positions.includes(t.position) && t.attention >= .25)).filter(({ zeroed: e }) => Of(e)).slice(0, 4), c = o ? void 0 : r.tokens[n.positions.at(-1) ?? -1];
	return /* @__PURE__ */ j("p", {
		class: "without",
		"aria-live": "polite",
		children: [
			/* @__PURE__ */ j("strong", { children: Ef(n, r) }),
			n.difference_without === null ? /* @__PURE__ */ j("span", {
				class: "small",
				children: [
					" ",
					"(",
					F(-n.effect),
					" ",
					/* @__PURE__ */ j(Q, { name: "nats" }),
					")"
				]
			}) : null,
			n.mark === "last" ? ". The question is asked here, so without it another question is asked." : null,
			Wd(n) ? ". Any text loses about as much without its first word: many heads rest there, whatever it says. So it is not counted." : null,
			a.id === r.predictions[0]?.id ? ". It still says " : ". It says ",
			/* @__PURE__ */ j("bdi", {
				class: "token-text",
				children: kf(r, a.text)
			}),
			" ",
			/* @__PURE__ */ j("span", {
				class: "small",
				children: I(a.probability)
			}),
			a.id === r.predictions[0]?.id ? "." : " instead.",
			" ",
			s.length > 0 ? /* @__PURE__ */ j(b, { children: [
				"Read by",
				" ",
				s.map((e) => /* @__PURE__ */ j(b, { children: [/* @__PURE__ */ j(ao, { part: M(e) }), " "] }, `${e.layer} ${e.head}`))
			] }) : null,
			c && c.position !== r.position && t.data.host !== "report" ? /* @__PURE__ */ j("button", {
				type: "button",
				onClick: () => t.set({
					position: c.position,
					target: null,
					word: null
				}),
				children: [
					"What ",
					r.model.bidirectional ? "stands at" : "follows",
					" ",
					Rr(Vd(n, r.tokens)),
					"?"
				]
			}) : null
		]
	});
}
function Of(e) {
	let t = e && (e.difference ?? e.effect);
	return !!(t && t.size !== "none" && t.verdict !== "ordinary");
}
function kf({ target: e, predictions: t, reference: n }, r) {
	let i = t.slice(0, 6).map((e) => e.text);
	return Ur(r, [
		e.text,
		...i,
		...n.text === null ? [] : [n.text]
	]);
}
function Af({ explained: e }) {
	let t = k(), n = e.predictions.filter((t) => t.id !== e.target.id).slice(0, bf), r = t.at.vs.value, i = t.data.host === "report", a = n.filter((e) => !e.text.includes("�") && e.text !== "");
	return Ut(t.asksOf(...n.map((e) => nr(e, r)), ...a.map((e) => ({ vs: e.text })))), /* @__PURE__ */ j("p", {
		class: "alternatives",
		children: [
			/* @__PURE__ */ j("span", { children: "or" }),
			n.map((n) => /* @__PURE__ */ j("button", {
				type: "button",
				class: "alternative",
				disabled: i,
				title: "Explain this token",
				onClick: () => t.set(nr(n, r)),
				onMouseEnter: () => t.foresee(nr(n, r)),
				onFocus: () => t.foresee(nr(n, r)),
				children: [
					/* @__PURE__ */ j("bdi", {
						class: "token-text",
						children: kf(e, n.text)
					}),
					" ",
					/* @__PURE__ */ j("span", {
						class: "small",
						children: I(n.probability)
					})
				]
			}, n.id)),
			/* @__PURE__ */ j("label", {
				class: "compare-with",
				children: [/* @__PURE__ */ j("span", {
					class: "hidden",
					children: "Compare with"
				}), /* @__PURE__ */ j("select", {
					value: r ?? "",
					disabled: i,
					onChange: (e) => t.set({ vs: e.currentTarget.value || null }),
					children: [
						/* @__PURE__ */ j("option", {
							value: "",
							children: r === null ? "compare with …" : "compare with nothing"
						}),
						r === null || n.some((e) => e.text === r) ? null : /* @__PURE__ */ j("option", {
							value: r,
							children: ["against ", R(r)]
						}),
						a.map((e) => /* @__PURE__ */ j("option", {
							value: e.text,
							children: ["against ", R(e.text)]
						}, e.id))
					]
				})]
			})
		]
	});
}
function jf(e) {
	let { explained: t, tested: n } = e, r = n?.words;
	if (!n) return e.failed ? null : /* @__PURE__ */ j("p", {
		class: "key",
		children: "Each word is being taken away, to see what is left …"
	});
	if (!r) return /* @__PURE__ */ j("p", {
		class: "key",
		children: n.control ? "No word can be taken away here." : "No word was taken away: this was made without its tests."
	});
	let i = Rr(kf(t, t.target.text)), a = t.reference.kind === "versus" ? `the lead of ${i}, in logits,` : `the probability of ${i}`, o = r.units.some(Wd);
	return /* @__PURE__ */ j("p", {
		class: "key",
		children: [
			"Under each ",
			Rd(r),
			": ",
			a,
			" when that ",
			Rd(r),
			" alone is",
			" ",
			r.how === "mask" ? "hidden" : "deleted",
			". ",
			/* @__PURE__ */ j("span", {
				class: "swatch falls",
				"aria-hidden": "true"
			}),
			" ↓ it falls,",
			" ",
			/* @__PURE__ */ j("span", {
				class: "swatch rises",
				"aria-hidden": "true"
			}),
			" ↑ it rises.",
			o ? /* @__PURE__ */ j(b, { children: [
				" ",
				/* @__PURE__ */ j("span", {
					class: "swatch dashed",
					"aria-hidden": "true"
				}),
				" The first ",
				Rd(r),
				" is not counted: any text loses about as much without its first, since many heads rest there whatever it says (an",
				" ",
				/* @__PURE__ */ j(Q, { name: "attention sink" }),
				")."
			] }) : null,
			" ",
			"Choose one to see more."
		]
	});
}
// src/views/Views.tsx
var Mf = {
	why: Pf,
	parts: Ff,
	graph: If,
	tests: Lf,
	compare: Rf,
	facts: zf,
	continue: Bf
};
function Nf() {
	let e = k().at.view.value, t = Mf[e];
	return /* @__PURE__ */ j("div", {
		class: `view view-${e}`,
		children: [/* @__PURE__ */ j(t, {}), /* @__PURE__ */ j(qs, {})]
	});
}
function Pf() {
	let e = k();
	return /* @__PURE__ */ j(b, { children: [
		/* @__PURE__ */ j(jd, {}),
		/* @__PURE__ */ j(Sf, {}),
		/* @__PURE__ */ j(ic, {}),
		/* @__PURE__ */ j("div", {
			class: "beside",
			children: [
				e.at.selection.value ? /* @__PURE__ */ j(Gs, {}) : null,
				/* @__PURE__ */ j(wd, {}),
				/* @__PURE__ */ j(Ql, {})
			]
		})
	] });
}
function Ff() {
	return /* @__PURE__ */ j(b, { children: [
		/* @__PURE__ */ j(Jd, {}),
		/* @__PURE__ */ j("div", {
			class: "column column-middle",
			children: [
				/* @__PURE__ */ j(Qu, {}),
				/* @__PURE__ */ j(Bc, {}),
				/* @__PURE__ */ j(ic, { besideLedger: !0 })
			]
		}),
		/* @__PURE__ */ j("div", {
			class: "column column-right",
			children: [
				/* @__PURE__ */ j(Gs, {}),
				/* @__PURE__ */ j(vd, {}),
				/* @__PURE__ */ j(uo, {})
			]
		})
	] });
}
function If() {
	return /* @__PURE__ */ j(b, { children: [/* @__PURE__ */ j(Nl, {}), /* @__PURE__ */ j(Gs, {})] });
}
function Lf() {
	return /* @__PURE__ */ j(b, { children: [/* @__PURE__ */ j(Dd, {}), /* @__PURE__ */ j(Gs, {})] });
}
function Rf() {
	return /* @__PURE__ */ j(b, { children: [/* @__PURE__ */ j(Ec, {}), /* @__PURE__ */ j(kd, {})] });
}
function zf() {
	return /* @__PURE__ */ j(Mu, {});
}
function Bf() {
	return /* @__PURE__ */ j(b, { children: [/* @__PURE__ */ j(kd, {}), /* @__PURE__ */ j(Ll, {})] });
}
// src/App.tsx
function Vf({ page: e }) {
	let t = Ve(null);
	return Be(() => e.explain(), [e]), ze(() => e.link(), [e]), ze(() => t.current ? tn(e, t.current) : void 0, [e]), /* @__PURE__ */ j(Ft.Provider, {
		value: e,
		children: /* @__PURE__ */ j("div", {
			class: "unembed",
			ref: t,
			children: /* @__PURE__ */ j(Xt, { children: [
				/* @__PURE__ */ j(Zr, {}),
				/* @__PURE__ */ j(Hf, {}),
				/* @__PURE__ */ j(ai, {}),
				/* @__PURE__ */ j(un, {}),
				/* @__PURE__ */ j(pi, {})
			] })
		})
	});
}
function Hf() {
	let e = k();
	return He(() => gt(() => e.asked()), [e]).value ? /* @__PURE__ */ j(b, { children: [
		/* @__PURE__ */ j(Uf, {}),
		/* @__PURE__ */ j(ci, {}),
		/* @__PURE__ */ j(Gf, { children: /* @__PURE__ */ j(Nf, {}) })
	] }) : /* @__PURE__ */ j(di, {});
}
function Uf() {
	let e = k(), t = e.answer.value, n = Pt(!t?.result);
	return !t || t.result || e.desk.lost.value || !(t.error || n) ? null : /* @__PURE__ */ j("div", {
		class: "panel standing",
		children: [/* @__PURE__ */ j(B, { answer: t }), t.error ? /* @__PURE__ */ j(Wf, {}) : null]
	});
}
function Wf() {
	let e = k(), { position: t, target: n, vs: r } = e.state.value;
	return e.data.host === "report" || t === null && n === null && r === null ? null : /* @__PURE__ */ j("button", {
		type: "button",
		onClick: () => e.set({
			position: null,
			target: null,
			vs: null
		}),
		children: "Explain the top prediction at the end"
	});
}
function Gf({ children: e }) {
	let t = !k().answer.value?.result, n = Pt(t);
	return /* @__PURE__ */ j("main", {
		class: t ? n ? "stale late" : "stale" : "",
		children: e
	});
}
// src/styles.css?inline
var Kf = ".unembed{--ground:#fbfbf9;--panel:#fff;--ink:#1b1b1a;--dim:#5a5a57;--line:#d4d4cf;--accent:#7a3e00;--chosen:#fde3c4;--hover:#f4f1ea;--positive:#b35806;--positive-ink:#8a4300;--negative-ink:#542788;--negative:#542788;--error:#a3123a;--mark:#fdc98f;--mark-negative:#d3cbe6;color:var(--ink);background:var(--ground);min-height:100%;font:14px/1.45 system-ui,sans-serif;container-type:inline-size}@media (prefers-color-scheme:dark){.unembed{--ground:#161615;--panel:#1f1f1e;--ink:#ececea;--dim:#b0b0ab;--line:#44443f;--accent:#fdb863;--chosen:#5a3a12;--hover:#2a2a28;--positive:#fdb863;--positive-ink:#fdb863;--negative-ink:#c9c0ea;--negative:#b9aee0;--error:#ff9db4;--mark:#8a4f14;--mark-negative:#584882;--lightningcss-light: ;--lightningcss-dark:initial;color-scheme:dark}}body:has(>#unembed>div>.unembed) .unembed{min-height:100vh}body:has(>#unembed>div>.unembed){--lightningcss-light:initial;--lightningcss-dark: ;color-scheme:light dark;background:canvas;max-width:none;margin:0;padding:0}@media (prefers-color-scheme:dark){body:has(>#unembed>div>.unembed){--lightningcss-light: ;--lightningcss-dark:initial}}.unembed *{box-sizing:border-box}.unembed>*{--wide:1230px}.unembed main{max-width:var(--wide);margin:0 auto;padding:18px 24px 60px}.unembed .view{grid-template-columns:minmax(0,1fr);align-items:start;gap:16px;display:grid}.unembed .view>div:empty{display:none}.unembed .column,.unembed .beside{grid-template-columns:minmax(0,1fr);align-content:start;gap:16px;min-width:0;display:grid}@container (width>=900px){.unembed .view-why{grid-template-columns:minmax(0,1.8fr) minmax(0,1fr)}.unembed .view-parts{grid-template-columns:minmax(0,1.2fr) minmax(0,1fr)}:is(.unembed .view-graph:has(.panel-inspector dl),.unembed .view-tests,.unembed .view-continue){grid-template-columns:minmax(0,2fr) minmax(0,1fr)}.unembed .panel-sentence,.unembed .panel-words,.unembed .panel-strip,.unembed .panel-compare{grid-column:1/-1}.unembed .panel-inspector{max-height:96vh;position:sticky;top:8px;overflow:auto}}@container (width<=899px){.unembed main{padding:12px 10px 40px}.unembed .panel-inspector:has(.test){z-index:2;max-height:45vh;position:sticky;bottom:0;overflow:auto;box-shadow:0 -2px 12px #00000040}}@container (width>=1600px){.unembed>*{--wide:1760px;font-size:16px}.unembed .view-why .beside{grid-template-columns:minmax(0,1fr)}.unembed .view-parts{grid-template-columns:minmax(0,1.1fr) minmax(0,1fr)}}@container (width>=2400px){.unembed>*{--wide:2600px;font-size:22px}}.unembed .toast:empty{display:none}.unembed .toast{width:-moz-fit-content;width:fit-content;max-width:90%;color:var(--panel);background:var(--ink);z-index:3;border-radius:8px;margin:0 auto;padding:6px 14px;position:sticky;bottom:12px}@media (prefers-reduced-motion:reduce){.unembed *{scroll-behavior:auto}}.unembed h1,.unembed h2,.unembed h3{margin:0 0 4px;font-size:1.05em}.unembed .close{float:right;border:0;font-size:1.2em;line-height:1}.unembed h1{font-size:1.25em}.unembed h3{margin-top:12px}.unembed .note{color:var(--dim);overflow-wrap:anywhere;margin:2px 0 6px}.unembed .error{color:var(--error);white-space:pre-wrap;overflow-wrap:anywhere}.unembed .stale{opacity:.6}.unembed main.stale:not(.late){opacity:1}.unembed .title,.unembed .fields,.unembed .controls,.unembed .window{flex-wrap:wrap;align-items:center;gap:6px 10px;margin:0 0 6px;display:flex}.unembed input,.unembed textarea,.unembed select,.unembed button{font:inherit;color:var(--ink);background:var(--panel);border:1px solid var(--dim);border-radius:4px;max-width:100%;padding:3px 8px}.unembed input[type=range]{accent-color:var(--accent);padding:0}.unembed textarea{resize:vertical;width:100%}.unembed input[type=text],.unembed input[type=search]{width:9em}.unembed button{cursor:pointer}.unembed button:hover:not(:disabled){background:var(--hover)}.unembed button:disabled{cursor:default;color:var(--dim);border-style:dashed}.unembed button[aria-pressed=true]{background:var(--chosen);border-color:var(--accent);font-weight:600}.unembed :focus-visible{outline:2px solid var(--accent);outline-offset:1px}.unembed kbd{border:1px solid var(--line);border-radius:3px;padding:0 4px;font:.85em ui-monospace,monospace}.unembed .hidden{clip-path:inset(50%);white-space:nowrap;width:1px;height:1px;position:absolute;overflow:hidden}.unembed .small,.unembed .index{color:var(--dim);font-size:.85em}.unembed .choosable{cursor:pointer}.unembed dl{margin:0 0 8px}.unembed dl>div{grid-template-columns:8.5em minmax(0,1fr);padding:1px 0;display:grid}.unembed dt{color:var(--dim)}.unembed dd{margin:0}.unembed fieldset{border:1px solid var(--line);border-radius:4px;min-width:0;margin:0}.unembed .axis{stroke:var(--dim)}.unembed span.positive.number{color:var(--positive-ink)}.unembed span.negative.number{color:var(--negative-ink)}.unembed .bar{background:linear-gradient(var(--line), var(--line)) center / 1px 100% no-repeat;border-left:1px solid #0000;min-width:60px;height:.8em;display:block;position:relative}.unembed .bar span{position:absolute;top:0;bottom:0}.unembed .bar .positive{background:var(--positive);left:50%}.unembed .bar .negative{background:repeating-linear-gradient(45deg, var(--negative) 0 3px, transparent 3px 5px);right:50%}:is(.unembed .panel:has(.exports),.unembed .has-exports){position:relative}.unembed .exports{font:.87em/1.4 system-ui,sans-serif;position:absolute;top:12px;right:14px}.unembed .has-exports .exports{top:0;right:0}.unembed .exports>summary{color:var(--dim);cursor:pointer;border-radius:4px;padding:1px 6px;list-style:none}.unembed .exports>summary::-webkit-details-marker{display:none}.unembed .exports>summary:after{content:\" ▾\" / \"\"}.unembed .exports>summary:hover,.unembed .exports[open]>summary{color:var(--ink);background:var(--hover)}.unembed .exports>ul{z-index:4;background:var(--panel);border:1px solid var(--line);border-radius:6px;margin:2px 0 0;padding:4px;list-style:none;position:absolute;right:0;box-shadow:0 4px 14px #0000002e}.unembed .exports button{text-align:start;white-space:nowrap;border:0;width:100%}.unembed .has-exports>h3{padding-right:5.5em}.unembed .panel:has(.exports)>h2{padding-right:5.5em}.unembed .panel-words:has(>.exports)>.text{padding-right:5.5em}@container (width<=520px){.unembed .panel-words:has(>.exports)>.text{padding:20px 0 6px}}.unembed .stale .exports{visibility:hidden}.unembed .grid{max-height:70vh;overflow:auto}.unembed .grid canvas{color:var(--ink);display:block}.unembed .told{height:3.4em;color:var(--dim);overflow-wrap:anywhere;margin:2px 0;overflow:auto}.unembed .legend{color:var(--dim);flex-wrap:wrap;align-items:center;gap:2px 8px;margin:2px 0 4px;font-size:.9em;display:flex}.unembed .legend .ramp{border:1px solid var(--line);width:110px;height:.8em}@container (width<=520px){.unembed .told{height:6em}}.unembed .outcome{font-variant-numeric:tabular-nums}.unembed td>.outcome:has(.mark){white-space:nowrap}@container (width<=520px){.unembed td>.outcome .from{display:none}}.unembed .outcome .mark{width:1em;display:inline-block}.unembed .panel{background:var(--panel);border:1px solid var(--line);border-radius:12px;min-width:0;padding:14px 18px}.unembed .side-by-side{grid-template-columns:repeat(auto-fit,minmax(min(210px,100%),1fr));gap:8px;display:grid}.unembed .side-by-side.wide{grid-template-columns:repeat(auto-fit,minmax(min(420px,100%),1fr));gap:8px 24px}.unembed .side-by-side>*{min-width:0}.unembed .part{padding:0 6px}.unembed table{border-collapse:collapse;width:100%}.unembed caption{text-align:left;color:var(--dim)}.unembed th,.unembed td{text-align:left;vertical-align:baseline;padding:2px 6px;font-weight:400}.unembed thead th{color:var(--dim);border-bottom:1px solid var(--line)}.unembed .number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.unembed .scroll{max-width:100%;position:relative;overflow:auto}.unembed .twin .scroll{max-height:24em}.unembed .others td,.unembed .sum td,.unembed .others th{color:var(--dim)}.unembed .sum td{border-bottom:1px solid var(--line)}.unembed .total>*{border-top:2px solid var(--line);font-weight:600}.unembed .total td[colspan]{font-weight:400}@container (width<=520px){.unembed .wide-only{display:none}.unembed th,.unembed td{padding:2px 3px}}.unembed .term{font:inherit;color:inherit;-webkit-text-decoration:underline dotted var(--dim) 1px;text-decoration:underline dotted var(--dim) 1px;text-underline-offset:3px;cursor:help;background:0 0;border:0;border-radius:0;padding:0}.unembed .big{font-variant-numeric:tabular-nums;margin:4px 0;font-size:1.3em}.unembed .scale{width:100%;max-width:420px}.unembed .scale p{margin:0}.unembed .scale .ends{justify-content:space-between;display:flex}.unembed .band{fill:var(--line)}.unembed .move{stroke:var(--accent);stroke-width:2px}.unembed .before{fill:var(--panel);stroke:var(--accent);stroke-width:2px}.unembed .after{fill:var(--accent)}.unembed .token-text{white-space:pre-wrap;overflow-wrap:anywhere}.unembed .chip{border:1px solid var(--line);border-radius:4px;margin:1px 2px 1px 0;padding:0 5px;display:inline-block}.unembed .strip{flex-wrap:wrap;gap:4px;max-height:60vh;margin:4px 0;padding:3px;list-style:none;display:flex;overflow:auto}.unembed .token{justify-items:center;padding:1px 8px;display:grid}.unembed .token[style] .index{color:inherit}.unembed .token[aria-pressed=true]{box-shadow:0 0 0 2px var(--accent)}.unembed .multiples{grid-template-columns:repeat(auto-fill,minmax(min(190px,100%),1fr));gap:8px;margin:0;padding:0;list-style:none;display:grid}.unembed .strip-names{color:var(--dim);font-size:.75em;display:grid}.unembed .strip-names bdi{text-overflow:ellipsis;white-space:nowrap;text-align:center;overflow:hidden}.unembed .strips{width:100%;height:34px;margin-top:2px;display:block}.unembed .panel-carried table{min-width:520px}.unembed .panel-carried th,.unembed .panel-carried td{vertical-align:middle;border-bottom:1px solid color-mix(in srgb, var(--line) 60%, transparent);padding:5px 8px 5px 0}.unembed .panel-carried thead th{vertical-align:bottom;font-size:.9em}.unembed .panel-carried .number{padding-right:14px}.unembed .panel-carried thead .without-column{width:24%;min-width:110px}.unembed .scale{color:var(--dim);justify-content:space-between;padding-top:1.45em;font-size:.9em;line-height:1.1;display:flex;position:relative}.unembed .scale .high{margin-left:auto}.unembed .mark-before{bottom:0;left:var(--at);transform:translateX(calc(-1 * var(--at)));white-space:nowrap;color:var(--ink);position:absolute}.unembed .mark-before:after{content:\"▾\";width:1em;margin-left:calc(var(--at) - .5em);text-align:center;line-height:1.1;display:block}.unembed .left{background:color-mix(in srgb, var(--line) 55%, transparent);border-radius:3px;height:.85em;display:block;position:relative}.unembed .left i{background:var(--positive);border-radius:3px;position:absolute;inset:0 auto 0 0}.unembed .left.more i{background:repeating-linear-gradient(135deg, var(--negative) 0 3px, transparent 3px 6px);outline:1px solid var(--negative)}.unembed .left b{background:var(--ink);width:2px;margin-left:-1px;position:absolute;top:-4px;bottom:-4px}.unembed .tag{white-space:nowrap;border:1px solid var(--line);border-radius:99px;padding:1px 8px;font-size:.87em}.unembed .tag.carries{background:color-mix(in srgb, var(--mark) 45%, transparent);border-color:#0000}.unembed .tag.holds-back{background:color-mix(in srgb, var(--mark-negative) 60%, transparent);border-color:#0000}.unembed .controls.end{justify-content:flex-end}@container (width>=900px) and (width<=1599px){.unembed .view-parts .panel-carried .bars-column{display:none}}@container (width<=520px){.unembed .panel-carried table{min-width:0}.unembed .panel-carried table .wide-only{display:none}.unembed .panel-carried .tag,.unembed .panel-carried td.number{white-space:normal}}.unembed .columns{width:auto}.unembed .columns td{text-align:center}.unembed .columns .token-text{white-space:pre}.unembed .columns .differs{background:var(--chosen)}.unembed .columns .alone{outline:1px dashed var(--accent);outline-offset:-2px}.unembed .neurons{flex-wrap:wrap;gap:3px;display:inline-flex}.unembed .fact label,.unembed .fact select{max-width:100%}.unembed .fact fieldset{margin-top:8px}.unembed .stacked textarea{display:block}.unembed .find input[aria-invalid=true]{border-color:var(--error)}.unembed .flow text{fill:var(--ink);text-anchor:middle;font-size:11px}.unembed .flow .band-of-token rect{fill:none}.unembed .flow .band-of-token .odd{fill:var(--hover)}.unembed .flow .band-of-token .token-node{fill:var(--panel);stroke:var(--line)}.unembed .flow .faded{opacity:.15}.unembed .flow .spot rect{fill:var(--panel);stroke:var(--dim)}.unembed .flow .spot:is(.hovered,.choosable:hover) rect{fill:var(--hover)}.unembed .flow .spot.choosable[aria-pressed=true]>rect:first-child{fill:var(--chosen);stroke:var(--accent);stroke-width:2px}.unembed .edge:not(.faded){opacity:.75}.unembed .edge.positive{stroke:var(--positive)}.unembed .edge.negative{stroke:var(--negative);stroke-dasharray:5 3}.unembed .edge{fill:none}.unembed .top{background:var(--panel);border-bottom:1px solid var(--line)}.unembed .title{padding:10px max(24px, (100% - var(--wide)) / 2 + 24px);border-bottom:1px solid var(--line);align-items:end;margin:0}.unembed .model{color:var(--dim);border:1px solid var(--line);border-radius:99px;padding:1px 10px;font-size:.9em}.unembed .title h1,.unembed .title .model{align-self:center;margin:0}.unembed .fields{align-items:end}.unembed .title .fields{flex:320px;margin:0}.unembed .fields label{color:var(--dim);gap:2px;min-width:0;font-size:.9em;display:grid}.unembed select.earlier{width:5em}.unembed .fields label.wide{flex:260px}.unembed .find{color:var(--dim);gap:2px;font-size:.9em;display:grid}.unembed .bar-of-views{padding:0 max(24px, (100% - var(--wide)) / 2 + 24px);flex-wrap:wrap;justify-content:space-between;align-items:center;gap:0 16px;display:flex}.unembed nav{flex-wrap:wrap;display:flex}.unembed nav a{color:var(--dim);border-bottom:2px solid #0000;padding:9px 12px;text-decoration:none}.unembed nav a:hover{color:var(--ink)}.unembed nav a[aria-current]{color:var(--ink);border-color:var(--accent);font-weight:600}.unembed .options summary{color:var(--dim);cursor:pointer}.unembed .options .fields{margin:0;padding:4px 0 8px}@container (width<=899px){.unembed .title,.unembed .bar-of-views{padding-left:10px;padding-right:10px}.unembed nav a{padding:8px 7px}}.unembed dialog{color:var(--ink);background:var(--panel);border:1px solid var(--dim);border-radius:6px;max-width:min(520px,92vw)}.unembed .glossary dl{max-height:65vh;overflow:auto}.unembed .glossary .chosen{background:var(--chosen)}.unembed .glossary h2{flex:1}.unembed .curve{width:100%;height:auto;display:block}.unembed .curve text{fill:var(--dim);font:11px system-ui,sans-serif}.unembed .curve .strong{fill:var(--ink);font-weight:600}.unembed .curve polyline{fill:none;stroke:var(--positive);stroke-width:2.5px}.unembed .curve circle{fill:var(--positive)}.unembed .grid-line{stroke:var(--line)}.unembed .layers{width:100%;max-width:640px}.unembed .layers .positive{fill:var(--positive)}.unembed .layers .negative{fill:var(--negative)}.unembed .layers text{fill:var(--dim);text-anchor:middle;font-size:7px}.unembed .layers .end{text-anchor:end}.unembed .layers .tick{stroke:var(--line)}@container (width<=520px){.unembed .layers text{font-size:10px}}.unembed .ledger .name{white-space:nowrap;text-overflow:ellipsis;max-width:17em;overflow:hidden}.unembed .ledger .wide-only{width:30%}.unembed .ledger .twisty{cursor:pointer;width:1.2em;display:inline-block}.unembed .ledger .level-2 .name{padding-left:1.6em}.unembed .ledger .level-3 .name{padding-left:3.2em}.unembed .ledger tr:hover,.unembed .ledger tr.hovered{background:var(--hover)}.unembed .ledger tr[aria-selected=true]{background:var(--chosen)}@container (width<=520px){.unembed .ledger{font-size:.9em}.unembed .ledger .name{white-space:normal;max-width:8.5em}.unembed .ledger thead th{white-space:normal}}.unembed .looked th{white-space:nowrap;width:1%;font-weight:600}.unembed .looked .rest{background:var(--line)}.unembed .lost,.unembed .standing{max-width:min(1182px,100% - 20px);margin:12px auto 0}.unembed .lost{border-color:var(--error)}.unembed .lost p{overflow-wrap:anywhere;margin:0 0 8px}.unembed .pins{gap:4px;margin:0 0 6px;padding:0;list-style:none;display:grid}.unembed .pins li{border-bottom:1px solid var(--line);padding-bottom:10px}.unembed .pins .controls{margin:4px 0}.unembed .predictions td:last-child{width:45%}.unembed .amount{min-width:50px;height:.8em;display:block}.unembed .amount span{background:var(--positive);height:100%;display:block}.unembed .panel-sentence{background:0 0;border:0;padding:0}.unembed .sentence{letter-spacing:-.01em;text-wrap:pretty;overflow-wrap:anywhere;max-width:84ch;min-height:8.7em;margin:0;font-size:1.4em;line-height:1.45}@container (width>=900px){.unembed .sentence{min-height:4.35em;font-size:1.7em}}.unembed .said-token{white-space:nowrap;font-weight:650}.unembed .said-number{font-variant-numeric:tabular-nums;color:var(--accent);font-weight:650}.unembed .sentence button{border:0;border-bottom:2px solid var(--mark);background:0 0;border-radius:0;padding:0;font-weight:650}.unembed .sentence button[aria-pressed=true]{background:var(--chosen)}.unembed .waiting{color:var(--dim);font-size:.7em}.unembed .start{max-width:720px;font-size:1.15em}.unembed .start h2{font-size:1.6em}.unembed .start ul{gap:8px;padding:0;list-style:none;display:grid}.unembed .start button{text-align:start;border-color:var(--line);border-radius:8px;width:100%;padding:10px 14px}.unembed .start .small{display:block}.unembed .token.found{outline:2px dashed var(--accent);outline-offset:1px}.unembed .panel-strip .note{min-height:4.4em}@container (width>=820px){.unembed .panel-strip .note{min-height:2.9em}}@container (width>=1250px){.unembed .panel-strip .note{min-height:1.45em}}.unembed .sign{text-align:center;white-space:nowrap;width:6ch;font-size:.85em}.unembed .role{display:block}.unembed .text{overflow-wrap:anywhere;max-height:60vh;padding:2px 2px 6px;font:500 1.75em/1.6 ui-serif,Georgia,DejaVu Serif,serif;overflow:auto}.unembed .word{vertical-align:top;font:inherit;color:var(--ink);text-align:start;background:0 0;border:0;border-radius:6px;justify-items:center;margin:0 0 .15em;padding:0;line-height:1.3;display:inline-grid}.unembed .word-text{text-align:center;border-radius:6px;min-width:100%;padding:2px 6px 3px}.unembed .unread{vertical-align:top;color:var(--dim);white-space:pre-wrap;margin:0;padding:2px 0;line-height:1.3;display:inline-block}.unembed .word small{white-space:nowrap;color:var(--dim);font-variant-numeric:tabular-nums;padding:0 2px;font:.46em/1.7 system-ui,sans-serif}.unembed .word:hover:not(:disabled){background:0 0}.unembed .word:hover .word-text{outline:2px solid var(--accent)}.unembed .word[aria-pressed=true]{font-weight:inherit;background:0 0}.unembed .word[aria-pressed=true] .word-text{box-shadow:0 0 0 2px var(--accent)}.unembed .word.rests .word-text{outline:1.5px dashed var(--dim);outline-offset:-1.5px}.unembed .word.last .word-text{box-shadow:inset 0 0 0 1.5px var(--line)}.unembed .turn{color:var(--dim);text-transform:uppercase;letter-spacing:.06em;font:.5em/1.6 system-ui,sans-serif;display:block}.unembed .answer{white-space:nowrap}.unembed .arrow{color:var(--dim);padding:0 10px}.unembed .said{font:inherit;border:2px solid var(--accent);color:var(--accent);background:0 0;border-radius:8px;padding:1px 12px;font-weight:600;line-height:1.3}.unembed .said .small{font:500 .55em system-ui,sans-serif}.unembed .alternatives{color:var(--dim);flex-wrap:wrap;align-items:center;gap:6px 8px;margin:6px 0;display:flex}.unembed .alternative{border-color:var(--line);border-radius:99px;padding:1px 10px}.unembed .compare-with select{border-color:var(--line)}.unembed .without{overflow-wrap:anywhere;min-height:1.6em;margin:8px 0 4px}.unembed .key{color:var(--dim);margin:4px 0 0;font-size:.9em}.unembed .swatch{border:1px solid var(--line);border-radius:3px;width:1em;height:.8em;display:inline-block}.unembed .swatch.falls{background:var(--mark)}.unembed .swatch.rises{background:var(--mark-negative)}.unembed .swatch.dashed{border:1.5px dashed var(--dim)}.unembed .text.long{max-height:45vh;font-size:1.1em}.unembed .text.long .word{display:inline}.unembed .text.long .word-text{-webkit-box-decoration-break:clone;box-decoration-break:clone;padding:1px 3px}.unembed .text.long .word small{font-size:.75em}.unembed .text :is(small,.small){direction:ltr;unicode-bidi:isolate}";
// src/main.tsx
function qf(e, t, n) {
	Jf(n);
	let r = document.createElement("div");
	return n.replaceChildren(r), xe(/* @__PURE__ */ j(Vf, { page: new ps(e, t) }), r), () => xe(null, r);
}
function Jf(e) {
	let t = e.getRootNode(), n = t instanceof ShadowRoot ? t : document.head;
	if (n.querySelector("style[data-unembed]")) return;
	let r = document.createElement("style");
	r.dataset.unembed = "", r.textContent = Kf, n.append(r);
}
function Yf({ model: e, el: t }) {
	let n = e.get("data");
	return qf({
		...n,
		host: "widget"
	}, n.live === !1 ? pr(n.results) : hr(e), t);
}
var Xf = document.getElementById("unembed"), Zf = document.getElementById("unembed-data")?.textContent;
if (Xf && Zf) {
	let e = JSON.parse(Zf);
	qf(e, e.host === "report" ? pr(e.results) : ar(e.token), Xf);
}
var Qf = { render: Yf };
export { Qf as default };
