;; Both ways of an `if` bring the result to one register, and locals where the other way has them.
(module
  (func $f (import "" "f") (param i32) (result i32))
  (func (param i32 i32) (result i32)
    local.get 0
    i32.eqz
    if (result i32)
      local.get 1
      call $f
    else
      local.get 1
      i32.const 3
      i32.shl
      local.tee 0
    end
    local.get 0
    i32.sub))
;; =>
;; function 1
;;    0 push rbp
;;    1 mov rbp,rsp
;;    4 mov r11,[rdi]
;;    7 sub rsp,30h
;;    e cmp rsp,[r11]
;;   11 jb 62h
;;   17 mov [rbp-8],rdi
;;   1b mov [rbp-18h],r11
;;   1f test esi,esi
;;   21 jne 4Dh
;;   27 mov rbx,[rbp-8]
;;   2b mov rbx,[rbx+28h]
;;   2f mov rbx,[rbx]
;;   32 mov [rbp-28h],rdx
;;   36 mov [rbp-20h],rsi
;;   3a mov rsi,rdx
;;   3d mov r11,[rbx]
;;   40 mov rdi,[rbx+8]
;;   44 call qword ptr [r11+8]
;;   48 jmp 5Bh
;;   4d mov rax,rdx
;;   50 shl eax,3
;;   53 mov [rbp-20h],rax
;;   57 mov [rbp-28h],rdx
;;   5b mov ecx,[rbp-20h]
;;   5e sub eax,ecx
;;   60 leave
;;   61 ret
;;   62 call 67h -> stack
;;   67 mov r11,[rdi]
;;   6a jmp short 17h
