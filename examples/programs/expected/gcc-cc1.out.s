	.file	"blink.c"
__SP_H__ = 0x3e
__SP_L__ = 0x3d
__SREG__ = 0x3f
__tmp_reg__ = 0
__zero_reg__ = 1
	.text
	.type	toggle, @function
toggle:
/* prologue: function */
/* frame size = 0 */
/* stack size = 0 */
.L__stack_usage = 0
	in r25,0x5
	andi r24,lo8(7)
	ldi r18,lo8(1)
	rjmp 2f
	1:
	lsl r18
	2:
	dec r24
	brpl 1b
	eor r25,r18
	out 0x5,r25
/* epilogue start */
	ret
	.size	toggle, .-toggle
	.section	.text.startup,"ax",@progbits
.global	main
	.type	main, @function
main:
	rcall .
	rcall .
	in r28,__SP_L__
	in r29,__SP_H__
/* prologue: function */
/* frame size = 4 */
/* stack size = 4 */
.L__stack_usage = 4
	ldi r24,lo8(63)
	out 0x4,r24
	mov r14,__zero_reg__
	mov r15,__zero_reg__
	movw r2,r14
	std Y+1,__zero_reg__
	std Y+2,__zero_reg__
.L14:
	ldi r18,lo8(tasks)
	ldi r19,hi8(tasks)
	std Y+3,r18
	std Y+4,r19
.L5:
	ldd r26,Y+3
	ldd r27,Y+4
	adiw r26,3
	ld r24,X+
	ld r25,X+
	sbiw r24,1
	st -X,r25
	st -X,r24
	sbiw r26,3
	or r24,r25
	brne .L4
	adiw r26,1
	ld r24,X+
	ld r25,X+
	st X+,r24
	st X+,r25
	ld r30,X+
	ld r31,X+
	sbiw r26,7
	ld r24,X
	icall
.L4:
	ldd r30,Y+3
	ldd r31,Y+4
	adiw r30,7
	std Y+3,r30
	std Y+4,r31
	subi r30,lo8(tasks+28)
	sbci r31,hi8(tasks+28)
	brne .L5
	ldi r24,lo8(-1)
	ldi r25,lo8(-1)
	ldi r22,lo8(tasks)
	ldi r23,hi8(tasks)
.L7:
	movw r30,r22
	ld r18,Z
	subi r22,-1
	sbci r23,-1
	eor r24,r18
	ldi r18,lo8(8)
.L6:
	movw r20,r24
	lsr r21
	ror r20
	mov r19,r24
	movw r24,r20
	sbrs r19,0
	rjmp .L26
	ldi r19,lo8(1)
	eor r24,r19
	ldi r19,lo8(-96)
	eor r25,r19
.L26:
	subi r18,lo8(1)
	brne .L6
	ldi r26,hi8(tasks+28)
	cpi r22,lo8(tasks+28)
	cpc r23,r26
	brne .L7
	cpi r24,52
	sbci r25,18
	breq .L25
	ldd r30,Y+1
	ldd r31,Y+2
	movw r8,r30
	mov r10,__zero_reg__
	mov r11,__zero_reg__
.L8:
	movw r22,r8
	movw r24,r10
	call __floatunsisf
	movw r18,r14
	movw r20,r2
	call __subsf3
	ldi r18,0
	ldi r19,0
	ldi r20,0
	ldi r21,lo8(62)
	call __mulsf3
	movw r18,r22
	movw r20,r24
	movw r22,r14
	movw r24,r2
	call __addsf3
	movw r14,r22
	movw r2,r24
	ldi r18,0
	ldi r19,0
	ldi r20,lo8(122)
	ldi r21,lo8(68)
	call __gtsf2
	cp __zero_reg__,r24
	brge .L13
	mov r14,__zero_reg__
	mov r15,__zero_reg__
	movw r2,r14
.L13:
	ldd r26,Y+1
	ldd r27,Y+2
	adiw r26,1
	std Y+1,r26
	std Y+2,r27
	rjmp .L14
.L25:
	ldd r24,Y+1
	ldd r25,Y+2
	movw r8,r24
	mov r10,__zero_reg__
	mov r11,__zero_reg__
	movw r4,r8
	movw r6,r10
	ldi r22,0
	ldi r23,lo8(64)
	movw r20,r6
.L9:
	lsr r23
	ror r22
	ror r21
	ror r20
	lsr r23
	ror r22
	ror r21
	ror r20
	cp r8,r20
	cpc r9,r21
	cpc r10,r22
	cpc r11,r23
	brlo .L9
	cp r20,__zero_reg__
	cpc r21,__zero_reg__
	cpc r22,__zero_reg__
	cpc r23,__zero_reg__
	breq .L10
	ldi r26,0
	ldi r27,0
	movw r24,r26
.L12:
	movw r16,r20
	movw r18,r22
	add r16,r24
	adc r17,r25
	adc r18,r26
	adc r19,r27
	lsr r27
	ror r26
	ror r25
	ror r24
	cp r4,r16
	cpc r5,r17
	cpc r6,r18
	cpc r7,r19
	brlo .L11
	sub r4,r16
	sbc r5,r17
	sbc r6,r18
	sbc r7,r19
	add r24,r20
	adc r25,r21
	adc r26,r22
	adc r27,r23
.L11:
	lsr r23
	ror r22
	ror r21
	ror r20
	lsr r23
	ror r22
	ror r21
	ror r20
	cp r20,__zero_reg__
	cpc r21,__zero_reg__
	cpc r22,__zero_reg__
	cpc r23,__zero_reg__
	brne .L12
	mov r18,r24
.L10:
	out 0x5,r18
	rjmp .L8
	.size	main, .-main
	.data
	.type	tasks, @object
	.size	tasks, 28
tasks:
	.byte	0
	.word	500
	.word	500
	.word	gs(toggle)
	.byte	1
	.word	250
	.word	250
	.word	gs(toggle)
	.byte	2
	.word	125
	.word	125
	.word	gs(toggle)
	.byte	5
	.word	10
	.word	10
	.word	gs(toggle)
.global	__gtsf2
.global	__addsf3
.global	__mulsf3
.global	__subsf3
.global	__floatunsisf
	.ident	"GCC: (GNU) 15.2.0"
.global __do_copy_data
