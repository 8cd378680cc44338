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
;;   11 jb 78h
;;   17 mov [rbp-8],rdi
;;   1b mov [rbp-18h],r11
;;   1f mov qword ptr [rbp-30h],0
;;   27 mov eax,[rbp-30h]
;;   2a mov r11,[rbp-18h]
;;   2e cmp rsp,[r11]
;;   31 jb 82h
;;   37 mov r11,[rbp-8]
;;   3b mov r11,[r11+8]
;;   3f mov rcx,[r11+8]
;;   43 sub rcx,0Ch
;;   47 jb 89h
;;   4d cmp rsi,rcx
;;   50 ja 89h
;;   56 mov r11,[r11]
;;   59 mov ecx,[r11+rsi+8]
;;   5e add ecx,eax
;;   60 lea eax,[rsi+4]
;;   63 cmp eax,edx
;;   65 jae 73h
;;   6b mov rsi,rax
;;   6e mov rax,rcx
;;   71 jmp short 2Ah
;;   73 mov rax,rcx
;;   76 leave
;;   77 ret
;;   78 call 7Dh -> stack
;;   7d mov r11,[rdi]
;;   80 jmp short 17h
;;   82 call 87h -> poll
;;   87 jmp short 37h
;;   89 call 8Eh -> trap
