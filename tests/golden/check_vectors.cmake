# cmake -DPYTHON=python3 -DDIRECTORY=<here> -P check_vectors.cmake
execute_process(COMMAND ${PYTHON} -B ${DIRECTORY}/make_vectors.py
  OUTPUT_VARIABLE made RESULT_VARIABLE result ENCODING UTF8)
file(READ ${DIRECTORY}/vectors.json committed)
if(NOT result EQUAL 0 OR NOT made STREQUAL committed)
  message(FATAL_ERROR "make_vectors.py does not write the committed vectors.json")
endif()
