/* SPDX-License-Identifier: Apache-2.0 */
/* What internal functions return: 0 or one of these, negated. */
#ifndef CORE_BASE_ERRNO_H
#define CORE_BASE_ERRNO_H

#define ENOENT	 2   /* no such thing                                      */
#define E2BIG	 7   /* larger than the room for it                        */
#define EAGAIN	 11  /* another CPU has to answer first: try again         */
#define ENOMEM	 12  /* the memory set aside is used up                    */
#define EACCES	 13  /* there, but not for this                            */
#define EFAULT	 14  /* an address outside what its owner may reach        */
#define EBUSY	 16  /* owned by somebody else                             */
#define EEXIST	 17  /* there already                                      */
#define ENODEV	 19  /* the board has no such device                       */
#define EINVAL	 22  /* malformed                                          */
#define ENOSPC	 28  /* a table is full                                    */
#define ERANGE	 34  /* a number outside its range                         */
#define EALREADY 114 /* it is as it was to become                   */
#define ENOSYS	 38  /* not offered                                        */
#define EDQUOT	 122 /* more than its part of something               */
#define EIO	 5   /* the device or firmware reported a failure          */

#endif
