# The tag that setjmp/longjmp as exceptions throw (LLVM's wasm-enable-sjlj).
	.tagtype __c_longjmp i32
	.globl __c_longjmp
__c_longjmp:
