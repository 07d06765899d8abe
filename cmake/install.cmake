# What `cmake --install` puts where, for find_package(dts) and for pkg-config.
include(CMakePackageConfigHelpers)

install(TARGETS dts EXPORT dts-targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
# options.proto and annotations.capnp lie beside the headers: protoc and capnp look there.
install(DIRECTORY include/dts DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING
  PATTERN "*.hpp" PATTERN "*.proto" PATTERN "*.capnp")
# For pages: a web server's folder is a link to it.
install(DIRECTORY javascript DESTINATION ${CMAKE_INSTALL_DATADIR}/dts FILES_MATCHING
  PATTERN "*.js" PATTERN "package.json")
install(EXPORT dts-targets NAMESPACE dts:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/dts)
if(DTS_BUILD_CLI)
  install(TARGETS dts_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

configure_package_config_file(cmake/dtsConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/dtsConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/dts)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/dtsConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/dtsConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/dtsConfigVersion.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/dts)

# The libraries a user of libdts.a links besides; of libdts.so the loader finds them itself.
if(BUILD_SHARED_LIBS)
  set(DTS_PC_REQUIRES "Requires.private: libssl libcrypto liblz4 libzstd")
  set(DTS_PC_LIBS "")
else()
  set(DTS_PC_REQUIRES "Requires: libssl libcrypto liblz4 libzstd")
  set(DTS_PC_LIBS " -pthread")
  get_property(transport_libraries GLOBAL PROPERTY DTS_TRANSPORT_LIBRARIES)
  foreach(library IN LISTS transport_libraries)
    string(APPEND DTS_PC_LIBS " -l${library}")
  endforeach()
endif()
# Found from where the file is, so that an installation may be moved or given another prefix.
file(RELATIVE_PATH DTS_PC_TO_PREFIX "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
configure_file(cmake/dts.pc.in ${CMAKE_CURRENT_BINARY_DIR}/dts.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/dts.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
