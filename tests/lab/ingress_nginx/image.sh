#!/bin/bash
# Makes what ingress_nginx_lab.py runs: the controller, its nginx with Lua, and the files around them, laid as in the controller's image.
#
#   image.sh SOURCES FOLDER
#
# SOURCES holds a folder with the source of each of these, named as here; the versions are those of images/nginx/rootfs/build.sh of
# ingress-nginx. One that is near does where the very one is not to be had (LuaJIT: 2.1 of any day).
#
#   ingress-nginx              controller-v1.15.1      nginx                    release-1.27.1
#   ngx_devel_kit              v0.3.3                  set-misc-nginx-module    v0.33
#   headers-more-nginx-module  v0.37                   nginx-http-auth-digest   v1.0.0, or later
#   lua-nginx-module           v0.10.28                stream-lua-nginx-module  v0.0.16
#   lua-upstream-nginx-module  v0.07                   luajit2                  v2.1-20250117
#   lua-cjson                  2.1.0.14                lua-resty-balancer       v0.05
#   lua-resty-core             v0.1.31                 lua-resty-lrucache       v0.15
#   lua-resty-cookie           f418d77                 lua-resty-ipmatcher      3e93c53
#   lua-resty-dns              v0.23                   lua-resty-http           v0.17.2
#   lua-resty-lock             v0.09                   lua-resty-string         v0.16
#   lua-resty-upload           v0.11
#
# Needs gcc, make, Go, patch, and the headers of PCRE2, OpenSSL and zlib. The sources of nginx are patched where they lie.
set -euo pipefail
[ $# = 2 ] || { sed -n '2,22s/^# \{0,1\}//p' "$0" >&2; exit 2; }
src=$(realpath "$1")
mkdir -p "$2"
image=$(realpath "$2")
jobs=-j$(nproc)

(cd "$src/ingress-nginx" && CGO_ENABLED=0 go build -buildvcs=false -o "$image/nginx-ingress-controller" \
    -ldflags "-s -w -X k8s.io/ingress-nginx/version.RELEASE=$(cat TAG)" ./cmd/nginx)

(cd "$src/luajit2" && make "$jobs" CCDEBUG=-g PREFIX=/usr/local && make install PREFIX=/usr/local DESTDIR="$image") > /dev/null
export LUAJIT_LIB=$image/usr/local/lib LUAJIT_INC=$image/usr/local/include/luajit-2.1

cd "$src/nginx"
if [ ! -e .patched ]; then
    for patch in "$src"/ingress-nginx/images/nginx/rootfs/patches/*.patch; do patch -p1 -s < "$patch"; done
    touch .patched
fi
configure=./configure
[ -e configure ] || configure=auto/configure
modules=()
for m in ngx_devel_kit set-misc-nginx-module headers-more-nginx-module lua-nginx-module stream-lua-nginx-module lua-upstream-nginx-module; do modules+=("--add-module=$src/$m"); done
$configure --prefix=/usr/local/nginx --conf-path=/etc/nginx/nginx.conf --modules-path=/etc/nginx/modules --http-log-path=/var/log/nginx/access.log \
    --error-log-path=/var/log/nginx/error.log --lock-path=/var/lock/nginx.lock --pid-path=/run/nginx.pid --http-client-body-temp-path=/var/lib/nginx/body \
    --http-fastcgi-temp-path=/var/lib/nginx/fastcgi --http-proxy-temp-path=/var/lib/nginx/proxy --user=www-data --group=www-data \
    --with-debug --with-compat --with-pcre-jit --with-http_ssl_module --with-http_stub_status_module --with-http_realip_module --with-http_auth_request_module \
    --with-http_addition_module --with-http_gzip_static_module --with-http_sub_module --with-http_v2_module --with-http_v3_module --with-stream --with-stream_ssl_module \
    --with-stream_realip_module --with-stream_ssl_preread_module --with-threads --with-http_secure_link_module --with-http_gunzip_module --with-file-aio \
    --without-mail_pop3_module --without-mail_smtp_module --without-mail_imap_module --without-http_uwsgi_module --without-http_scgi_module \
    --with-cc-opt='-g -O2 -fPIE -fPIC -fstack-protector-strong -fno-strict-aliasing -D_FORTIFY_SOURCE=2 -DTCP_FASTOPEN=23 -Wno-deprecated-declarations -Wno-cast-function-type' \
    --with-ld-opt='-fPIE -fPIC -pie -Wl,-z,relro -Wl,-z,now -Wl,-rpath,/usr/local/lib' "${modules[@]}" --add-dynamic-module="$src/nginx-http-auth-digest" > /dev/null
{ make "$jobs" && make modules && make install DESTDIR="$image"; } > /dev/null

lua=/usr/local/lib/lua
for m in lua-resty-core lua-resty-lrucache lua-resty-dns lua-resty-lock lua-resty-http lua-resty-upload lua-resty-string lua-resty-cookie lua-resty-balancer; do
    (cd "$src/$m" && make all && make install DESTDIR="$image" PREFIX=/usr/local LUA_LIB_DIR=$lua) > /dev/null
done
(cd "$src/lua-cjson" && make all LUA_INCLUDE_DIR="$LUAJIT_INC" && make install DESTDIR="$image" LUA_CMODULE_DIR=$lua LUA_MODULE_DIR=$lua) > /dev/null
(cd "$src/lua-resty-ipmatcher" && make install INST_LUADIR="$image$lua") > /dev/null

cp -R "$src/ingress-nginx/rootfs/etc/." "$image/etc/"
rm -rf "$image/etc/nginx/lua/test"
echo "$image: LAB_INGRESS_IMAGE of ingress_nginx_lab.py"
