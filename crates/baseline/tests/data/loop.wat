;; What a loop uses is in registers; a comparison is part of the branch.
(module
  (memory 1)
  (func (param i32 i32) (result i32) (local i32)
    loop
      local.get 2
      local.get 0
      i32.load offset=8
      i32.add
      local.set 2
      local.get 0
      i32.const 4
      i32.add
      local.tee 0
      local.get 1
      i32.lt_u
      br_if 0
    end
    local.get 2))
;; =>
;; function 0
;;    0 push rbp
;;    1 mov rbp,rsp
;;    4 mov r11,[rdi]
;;    7 sub rsp,30h
;;    e cmp rsp,[r11]
;;   11 jb 61h
;;   17 mov [rbp-8],rdi
;;   1b mov [rbp-18h],r11
;;   1f mov r11,[rdi+8]
;;   23 mov r15,[r11]
;;   26 mov [rbp-10h],r15
;;   2a mov qword ptr [rbp-30h],0
;;   32 mov eax,[rbp-30h]
;;   35 mov r11,[rbp-18h]
;;   39 cmp rsp,[r11]
;;   3c jb 6Bh
;;   42 mov ecx,[r15+rsi+8]
;;   47 add ecx,eax
;;   49 lea eax,[rsi+4]
;;   4c cmp eax,edx
;;   4e jae 5Ch
;;   54 mov rsi,rax
;;   57 mov rax,rcx
;;   5a jmp short 35h
;;   5c mov rax,rcx
;;   5f leave
;;   60 ret
;;   61 call 66h -> stack
;;   66 mov r11,[rdi]
;;   69 jmp short 17h
;;   6b call 70h -> poll
;;   70 jmp short 42h
