# What `cpack -G DEB` puts into zubr_<version>_<arch>.deb, and `cmake --install` elsewhere.
include(GNUInstallDirs)
install(TARGETS zubrd zubr-cli RUNTIME DESTINATION bin)
install(PROGRAMS docker/zubr-backup docker/zubr-restore DESTINATION bin)
install(FILES docker/books.sh DESTINATION share/zubr)
install(FILES docker/systemd/zubrd.service DESTINATION lib/systemd/system)
install(FILES docker/zubr-cli.bash DESTINATION share/bash-completion/completions RENAME zubr-cli)
install(FILES CHANGELOG.md docs/operations.md docs/api.md docs/money.md docs/share.md docs/performance.md docs/stratum-v2.md
  docker/prometheus/alerts.yml docker/prometheus/alertmanager.yml docker/grafana/pool.json
  DESTINATION share/doc/zubr)
# The configuration is every option with its default, as the program itself prints it.
install(CODE "
  execute_process(COMMAND \"$<TARGET_FILE:zubrd>\" --print-default-config
    OUTPUT_FILE \"${CMAKE_BINARY_DIR}/zubr.toml\" COMMAND_ERROR_IS_FATAL ANY)")
install(FILES "${CMAKE_BINARY_DIR}/zubr.toml" DESTINATION /etc/zubr
  PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "Zubr maintainers <maintainers@users.noreply.r-seed-d491983a.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Bitcoin mining pool server: Stratum v1 and v2, exact PPLNS")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "redis-server, mariadb-server, mariadb-client, bitcoind")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  "${CMAKE_SOURCE_DIR}/docker/debian/postinst;${CMAKE_SOURCE_DIR}/docker/debian/prerm"
  "${CMAKE_SOURCE_DIR}/docker/debian/postrm;${CMAKE_SOURCE_DIR}/docker/debian/conffiles")
include(CPack)
