# Two processes, one seed: the output, hashes included, must be the same byte for byte.
foreach(turn one two)
  execute_process(COMMAND ${DTS_SIM} --scenario=chaos --seed=3 --seeds=2 --nodes=4
    OUTPUT_VARIABLE ${turn} RESULT_VARIABLE result)
  if(result GREATER 1)
    message(FATAL_ERROR "dts_sim ended with ${result}")
  endif()
endforeach()
if(NOT one STREQUAL two OR NOT one MATCHES "hash [0-9a-f]+")
  message(FATAL_ERROR "one seed gave two traces:\n${one}\n${two}")
endif()
