# What `cmake --install` puts where, and what find_package(engram CONFIG) finds: the client library, its
# headers, the proto files, and both programs. The core and the server are not a library for others.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/engram)

install(TARGETS engramd engram RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS engram_client engram_proto EXPORT engramTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT engramTargets NAMESPACE engram:: DESTINATION ${package_dir})

install(DIRECTORY ${PROJECT_SOURCE_DIR}/client/engram DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")
install(DIRECTORY ${PROJECT_BINARY_DIR}/proto/engram DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.pb.h")
install(DIRECTORY ${PROJECT_SOURCE_DIR}/proto/engram DESTINATION ${CMAKE_INSTALL_DATADIR}/engram/proto
        FILES_MATCHING PATTERN "*.proto")

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/engramConfig.cmake.in
  ${PROJECT_BINARY_DIR}/engramConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/engramConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/engramConfig.cmake ${PROJECT_BINARY_DIR}/engramConfigVersion.cmake
        DESTINATION ${package_dir})
